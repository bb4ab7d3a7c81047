"""The lines of a list as they are shown, kept for a minute: colleagues look at one list again and again, and a line
costs more than half of what its page does. A line is looked for by all that it shows, its language included."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask, current_app
from markupsafe import Markup

from app.web.context import words

MOST = 4_000  # lines of a process
SECONDS = 60.0  # after which all are forgotten: what is deleted stays nowhere for longer
_kept: dict[tuple[Any, ...], Markup] = {}
_since = [0.0]


def init(app: Flask) -> None:
    """Give templates `line`."""
    app.jinja_env.globals["line"] = line


def line(row: dict[str, Any], band: str, pick: bool, ticked: bool, sited: bool) -> Markup:
    """One line: `pick` with its box, which is `ticked`; `sited` with the name of its site."""
    if "hits" in row:  # of a search, which nobody else makes
        return drawn(row, band, pick, ticked, sited)
    _forget_in_time()
    key = (words().locale, band, pick, ticked, sited, *row.values())
    found = _kept.get(key)
    if found is None:
        found = _kept[key] = drawn(row, band, pick, ticked, sited)
    return found


def drawn(*given: Any) -> Markup:
    """The line as its template makes it, anew each time."""
    template: Any = current_app.jinja_env.get_template("_line.html").module
    return Markup(template.line(*given))  # noqa: S704 - a macro of ours, which escapes


def _forget_in_time() -> None:
    if len(_kept) >= MOST or time.monotonic() - _since[0] > SECONDS:
        _kept.clear()
        _since[0] = time.monotonic()
