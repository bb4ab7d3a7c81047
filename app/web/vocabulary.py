"""The words of each part of the rulebook, in modules of their own; `words` and `thread` put them together.

A module may have the functions `errors`, `events`, `clock_kinds`, `queues`, `outcomes`, `scan_types` and
`tray_reasons`: code → text; and of an entry the table LINES (event type → what its line says beside the label) and
`findings` (pairs that stand above its text).
"""

from __future__ import annotations

from types import ModuleType

from app.services.ticket_view import Entry
from app.web import (
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
    words_analysis,
    words_waybills,
    words_problems,
)


@table
def merged(table: str) -> dict[str, str]:
    """All parts' words of one table in the reader's language."""
    found: dict[str, str] = {}
    for part in PARTS:
        if hasattr(part, table):
            found |= getattr(part, table)()
    return found


def line(entry: Entry) -> str:
    """What a part says of one of its entries beside the label; empty for the entries of others."""
    told = next((part.LINES[entry.type] for part in PARTS if entry.type in getattr(part, "LINES", ())), None)
    return str(told(entry)) if told else ""


def every(constant: str) -> frozenset[str]:
    """All parts' event types of one kind: RED (shown in red), SILENT (not in the thread), PLATFORM (said by it)."""
    return frozenset(code for part in PARTS for code in getattr(part, constant, ()))


def findings(entry: Entry) -> list[tuple[str, str]]:
    """Label and value of what stands above an entry's text."""
    return [pair for part in PARTS if hasattr(part, "findings") for pair in part.findings(entry)]
