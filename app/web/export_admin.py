"""What administrators keep as files: organisations, and the log of changes."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.domain.masking import mask_phone
from app.services import admin_log, administration
from app.services.export_work import Order
from app.web import admin_log as log_page
from app.web import words, words_admin
from app.web.context import translate as _
from app.web.export_cells import Filled, text, time

Numbered = list[tuple[int, Any]]


def places(session: Session, order: Order, row_id: int, limit: int) -> Numbered:
    """All organisations."""
    return [(row.id, (row, code)) for row, code in administration.organisations_below(session, row_id, limit)]


def place_columns(session: Session, order: Order) -> list[Filled]:
    """One line an organisation."""
    kinds = words_admin.kinds()
    return [
        text(_("Code"), lambda row: row[0].code),
        text(_("Name (of a thing)"), lambda row: row[0].name, 30),
        text(_("English name"), lambda row: row[0].name_en, 30),
        text(_("Kind"), lambda row: words.word(kinds, row[0].kind)),
        text(_("Superior's code"), lambda row: row[1]),
        text(_("Addresses of its area begin with"), lambda row: row[0].address_prefix, 30),
        text(_("Duty phone"), lambda row: mask_phone(row[0].duty_phone) if row[0].duty_phone else ""),
        text(_("Assessed from"), lambda row: str(row[0].onboarded_from or "")),
        text(_("Closed from"), lambda row: str(row[0].closed_from or "")),
    ]


def log(session: Session, order: Order, row_id: int, limit: int) -> Numbered:
    """All changes."""
    return [(row.id, (row, who)) for row, who in admin_log.below(session, row_id, limit)]


def log_columns(session: Session, order: Order) -> list[Filled]:
    """One line a change."""
    whats = words_admin.whats()
    return [
        time(_("Time"), lambda row: row[0].at),
        text(_("By"), lambda row: row[1], 12),
        text(_("What"), lambda row: words.word(whats, row[0].what), 20),
        text(_("Code"), lambda row: row[0].subject),
        text(_("Changes"), lambda row: "；".join(log_page.changes(row[0].detail)), 60),
    ]
