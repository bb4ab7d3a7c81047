"""Rectification forms as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services import rectification_view
from app.services.export_work import Order
from app.web import queue_page, rectification_page, words_rectifications
from app.web.context import translate as _
from app.web.export_cells import Filled, text, time, yes_no


def asks(address: Mapping[str, str]) -> dict[str, str]:
    """The filter of the page."""
    asked = rectification_page.which(address)
    return {"state": asked} if asked else {}


def says(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The filter in words."""
    return words_rectifications.states()[asked["state"]] if "state" in asked else ""


def rows(session: Session, order: Order, row_id: int, limit: int) -> list[tuple[int, Any]]:
    """Forms in scope."""
    found = rectification_view.listed(
        session, order.actor, order.asked.get("state", ""), order.now, below=row_id, limit=limit
    )  # fmt: skip
    return [(line.row.id, line) for line in found]


def columns(session: Session, order: Order) -> list[Filled]:
    """One line a form."""
    categories, states = queue_page.category_labels(session), words_rectifications.states()
    return [
        text(_("Number"), lambda line: line.row.number, 20),
        text(_("Site"), lambda line: rectification_page.place(line.place), 24),
        text(_("Code"), lambda line: line.place.code),
        text(_("Month"), lambda line: line.row.month, 10),
        text(_("Grounds"), lambda line: "；".join(rectification_page.grounds(line.row, categories)), 50),
        text(_("Recurrence of"), lambda line: line.number_before, 20),
        text(_("State"), lambda line: states[line.row.state], 10),
        time(_("Issued"), lambda line: line.row.asked_at),
        time(_("Due"), lambda line: line.row.due_at),
        time(_("Filled in"), lambda line: line.row.filled_at),
        text(_("Was late"), lambda line: yes_no(line.row.was_late), 8),
        text(_("Cause"), lambda line: mask_text(line.row.cause), 50),
        text(_("Measures"), lambda line: mask_text(line.row.measures), 50),
        text(_("Who answers for it"), lambda line: line.row.responsible, 14),
        time(_("Decided at"), lambda line: line.row.decided_at),
    ]
