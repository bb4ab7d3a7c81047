"""JSON that somebody else wrote: how deep it nests is known before it is parsed, so that no text, however deep, takes
the process to the end of its stack, where whatever else happens to run there fails too."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 50
# Strings are matched whole, also one without an end, so that a bracket inside one is never counted and the scan
# stays linear.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def too_deep(text: str) -> bool:
    """Whether `text` opens more than 50 levels. Stops at the 51st open bracket, so that a hundred thousand of them
    cost as little."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _TOKEN.finditer(text):
        sign = match.group()
        if sign in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif sign in "]}":
            depth -= 1
    return False


def read(body: str | bytes) -> Any:
    """The value in `body`, bytes being UTF-8. Raises ValueError for other bytes, broken JSON and over 50 levels."""
    text = body if isinstance(body, str) else body.decode("utf-8")
    if too_deep(text):
        raise ValueError("nested too deeply")
    return json.loads(text)


def line(value: object, longest: int) -> str:
    """What somebody else calls something, as one short line that every log and every database takes; empty where it is
    no text and no number."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return "".join(ch for ch in text[: 4 * longest] if ch.isprintable())[:longest]
