"""The words of each part of the rulebook, in modules of their own; `words` and `thread` put them together.

A module may have the functions `errors`, `events`, `clock_kinds`, `queues` and `tray_reasons`: code → text.
"""

from __future__ import annotations

from types import ModuleType

from app.web import words_emergency, words_exempt, words_incident

PARTS: tuple[ModuleType, ...] = (words_exempt, words_incident, words_emergency)


def merged(table: str) -> dict[str, str]:
    """All parts' words of one table in the reader's language."""
    found: dict[str, str] = {}
    for part in PARTS:
        if hasattr(part, table):
            found |= getattr(part, table)()
    return found


def every(constant: str) -> frozenset[str]:
    """All parts' event types of one kind: RED (shown in red), SILENT (not in the thread), PLATFORM (said by it)."""
    return frozenset(code for part in PARTS for code in getattr(part, constant, ()))
