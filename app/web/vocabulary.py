"""The words of each part of the rulebook, in modules of their own; `words` and `thread` put them together.

A module may have the functions `errors`, `events`, `clock_kinds`, `queues`, `outcomes`, `scan_types` and
`tray_reasons`: code → text; and of an entry the tables LINES (event type → what its line says beside the label) and
FINDINGS (event type → the pairs that stand above its text).
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

from app.services.ticket_view import Entry
from app.web import (
    words_accounts,
    words_analysis,
    words_audit,
    words_board,
    words_callbacks,
    words_closing,
    words_customers,
    words_day,
    words_emergency,
    words_exempt,
    words_help,
    words_incident,
    words_kinds,
    words_months,
    words_ownership,
    words_parties,
    words_penalties,
    words_problems,
    words_publications,
    words_rectifications,
    words_survey,
    words_transfers,
    words_verify,
    words_waybills,
)
from app.web.language import table

PARTS: tuple[ModuleType, ...] = (
    words_verify,
    words_help,
    words_ownership,
    words_parties,
    words_transfers,
    words_closing,
    words_exempt,
    words_incident,
    words_kinds,
    words_months,
    words_emergency,
    words_customers,
    words_day,
    words_audit,
    words_survey,
    words_penalties,
    words_board,
    words_callbacks,
    words_publications,
    words_rectifications,
    words_accounts,
    words_analysis,
    words_waybills,
    words_problems,
)


@table
def merged(table: str) -> dict[str, str]:
    """All parts' words of one table in the reader's language."""
    found: dict[str, str] = {}
    for told in _having(table):
        found |= told()
    return found


def line(entry: Entry) -> str:
    """What a part says of one of its entries beside the label; empty for the entries of others."""
    told = next((lines[entry.type] for lines in _having("LINES") if entry.type in lines), None)
    return str(told(entry)) if told else ""


@cache
def every(constant: str) -> frozenset[str]:
    """All parts' event types of one kind: RED (shown in red), SILENT (not in the thread), PLATFORM (said by it)."""
    return frozenset(code for codes in _having(constant) for code in codes)


def findings(entry: Entry) -> list[tuple[str, str]]:
    """Label and value of what stands above an entry's text."""
    return [pair for told in _telling().get(entry.type, ()) for pair in told(entry)]


@cache
def _telling() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for part in _having("FINDINGS"):
        for code, told in part.items():
            found.setdefault(code, []).append(told)
    return found


@cache
def _having(name: str) -> tuple[Any, ...]:
    """What every part that has something of that name has under it."""
    return tuple(getattr(part, name) for part in PARTS if hasattr(part, name))
