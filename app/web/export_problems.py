"""The problem parcels of a query as a file."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services import problem_list, problem_types
from app.services.export_work import Order
from app.services.problem_list import Line
from app.web import problem_forms, words, words_problems
from app.web.context import translate as _
from app.web.export_cells import Filled, named, text, time, yes_no


def asks(address: Mapping[str, str]) -> dict[str, str]:
    """The conditions of the page."""
    return problem_forms.address_of(problem_forms.asked(address))


def says(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The conditions in words."""
    labels = {one.code: named(one.name, one.name_en) for one in problem_types.types(session, every=True)}
    table = {"type": labels, "state": words_problems.states(), "side": words_problems.sides()}
    return " · ".join(table.get(name, {}).get(value, value) for name, value in asked.items())


def below(session: Session, order: Order, row_id: int, limit: int) -> list[tuple[int, Line]]:
    """Problem parcels in scope."""
    return problem_list.below(session, order.actor, problem_forms.asked(order.asked), row_id, limit)


def count(session: Session, order: Order, row_id: int, most: int) -> int:
    """How many, at most `most`."""
    return problem_list.count(session, order.actor, problem_forms.asked(order.asked), row_id, most)


def columns(session: Session, order: Order) -> list[Filled]:
    """One line a parcel."""
    labels = {one.code: named(one.name, one.name_en) for one in problem_types.types(session, every=True)}
    states = words.states()
    return [
        text(_("Ticket"), lambda line: line.number, 20),
        text(_("Waybill"), lambda line: line.waybill, 20),
        text(_("Type"), lambda line: labels.get(line.type, line.type), 18),
        text(_("State"), lambda line: states[line.state], 10),
        text(_("Overdue"), lambda line: yes_no(line.overdue), 8),
        text(_("Reported by"), lambda line: named(*line.reporter), 20),
        text(_("Handled by"), lambda line: named(*line.site), 20),
        text(_("Courier"), lambda line: mask_text(line.courier), 12),
        text(_("What happened"), lambda line: mask_text(line.text), 40),
        time(_("Reported"), lambda line: line.opened_at),
    ]
