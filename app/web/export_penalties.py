"""The entries of the ledger as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g
from sqlalchemy.orm import Session

from app import clock
from app.domain.calendars import month_of
from app.domain.penalties import STATES
from app.domain.penalty_rules import CODES
from app.domain.roles import Actor
from app.services import penalty_view, scorecard_scope
from app.services.export_work import Order
from app.services.penalty_view import Filters, Line
from app.web import words, words_penalties
from app.web.context import translate as _
from app.web.export_cells import Filled, named, number, text, time


def asks(address: Mapping[str, str]) -> dict[str, str]:
    """The filters of the page."""
    found = {"month": address.get("month", "")[:7] or month_of(clock.now())}
    for name, known in (("state", STATES), ("rule", CODES)):
        if address.get(name, "") in known:
            found[name] = address[name]
    place = address.get("organisation", "").strip()[:32]
    return {**found, **({"organisation": place} if place else {})}


def says(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The filters in words. Raises NotFound for what is no month."""
    scorecard_scope.span_of(asked["month"], clock.now())
    parts = [
        g.fmt.month(asked["month"]), asked.get("organisation", ""),
        words_penalties.states().get(asked.get("state", ""), ""),
        words_penalties.rules().get(asked.get("rule", ""), ""),
    ]  # fmt: skip
    return " · ".join(part for part in parts if part)


def below(session: Session, order: Order, row_id: int, limit: int) -> list[tuple[int, Line]]:
    """Entries in scope."""
    found = penalty_view.page(session, order.actor, _filters(order), row_id, limit)
    return [(line.penalty.id, line) for line in found]


def count(session: Session, order: Order, row_id: int, most: int) -> int:
    """How many."""
    return penalty_view.count(session, order.actor, _filters(order), row_id, most)


def columns(session: Session, order: Order) -> list[Filled]:
    """One line an entry; money in yuan as a number."""
    rules, states, reasons = words_penalties.rules(), words_penalties.states(), words_penalties.reasons()
    return [
        text(_("Entry"), lambda line: str(line.penalty.id), 20),
        text(_("Rule"), lambda line: words.word(rules, line.penalty.rule), 22),
        number(_("Version"), lambda line: line.penalty.rule_version, 8),
        text(_("State"), lambda line: states[line.penalty.state], 10),
        text(_("Reason"), lambda line: reasons.get(line.penalty.reason, ""), 20),
        text(_("Ticket"), lambda line: line.number, 20),
        text(_("Charged to"), lambda line: named(line.organisation.name, line.organisation.name_en), 22),
        text(_("Code"), lambda line: line.organisation.code, 14),
        text(_("Person"), lambda line: line.person, 12),
        time(_("Fact decided at"), lambda line: line.penalty.decided_at),
        number(_("Full price in yuan"), lambda line: _yuan(line.penalty.full_fen)),
        number(_("Charged in yuan"), lambda line: _yuan(line.penalty.amount_fen)),
        number(_("Points off"), lambda line: line.penalty.points, 8),
    ]


def _filters(order: Order) -> Filters:
    asked: Mapping[str, Any] = order.asked
    return Filters(asked["month"], asked.get("organisation", ""), asked.get("state", ""), asked.get("rule", ""))


def _yuan(fen: int) -> float:
    return fen / 100
