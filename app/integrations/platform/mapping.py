"""Where a platform's message differs from ours: fields that stand elsewhere, or must be left out, as data."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

_NOTHING = object()


def apply(body: Mapping[str, Any], field_map: Mapping[str, str]) -> dict[str, Any]:
    """`body` with the fields of `field_map` put in their place; the given body stays as it is.

    Keys and values are paths with dots, ours to theirs: {"work_order_code": "order.id"}. An empty value leaves our
    field out; a path that leads nowhere changes nothing.
    """
    made = copy.deepcopy(dict(body))
    for ours, theirs in field_map.items():
        found = _at(body, theirs) if theirs else None
        if found is not _NOTHING:
            _put(made, ours, found)
    return made


def _at(body: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(body, Mapping) or name not in body:
            return _NOTHING
        body = body[name]
    return copy.deepcopy(body)


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for name in way:
        inner = body.get(name)
        if not isinstance(inner, dict):
            if value is None:
                return
            inner = body[name] = {}
        body = inner
    if value is None:
        body.pop(last, None)
    else:
        body[last] = value
