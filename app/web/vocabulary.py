"""The words of each part of the rulebook, in modules of their own; `words` and `thread` put them together.

A module may have the functions `errors`, `events`, `clock_kinds`, `queues` and `tray_reasons`: code → text.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from app.web import words_customers, words_emergency, words_exempt, words_incident

PARTS: tuple[ModuleType, ...] = (words_exempt, words_incident, words_emergency, words_customers)


def merged(table: str) -> dict[str, str]:
    """All parts' words of one table in the reader's language."""
    found: dict[str, str] = {}
    for part in PARTS:
        if hasattr(part, table):
            found |= getattr(part, table)()
    return found


def line(kind: str, data: dict[str, Any]) -> str:
    """What a part says of an entry beside its label, by its table LINES (event type -> function of its data)."""
    told = next((part.LINES[kind] for part in PARTS if kind in getattr(part, "LINES", ())), None)
    return told(data) if told else ""


def every(constant: str) -> frozenset[str]:
    """All parts' event types of one kind: RED (shown in red), SILENT (not in the thread), PLATFORM (said by it)."""
    return frozenset(code for part in PARTS for code in getattr(part, constant, ()))
