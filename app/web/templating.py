"""Jinja with a shorter way for what a page does some thousand times: to look into a dict, and to print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import markupsafe
from flask.templating import Environment
from jinja2.compiler import CodeGenerator
from markupsafe import Markup, escape

_OF_EVERY_DICT = frozenset(dir(dict))
_escaped: Callable[[str], str] = getattr(markupsafe, "_escape_inner", escape)  # without an object around the outcome


def shown(value: Any) -> str:
    """What is printed of a value: escaped, unless it is markup. `escape` would make an object of each piece, only for
    all of them to be joined."""
    kind = type(value)
    if kind is str:
        return _escaped(value)
    return value if kind is Markup else escape(value)


class Pieces(CodeGenerator):
    """Compiled templates print with `shown`. A Jinja that no longer asks here would print with `escape`."""

    def _output_child_pre(self, node: Any, frame: Any, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
            return
        self.write("environment.shown(" + (finalize.src or ""))


class Templates(Environment):
    """The environment of all pages."""

    code_generator_class = Pieces
    shown = staticmethod(shown)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute` of a template. Jinja looks for an attribute first; the values that our pages are made of are
        dicts, whose only attributes are those of every dict."""
        if type(obj) is dict and attribute in obj and attribute not in _OF_EVERY_DICT:
            return obj[attribute]
        return super().getattr(obj, attribute)
