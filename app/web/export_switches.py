"""The log of switches by PIN as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.services import switch_log
from app.services.export_work import Order
from app.web import switches, words, words_pins
from app.web.context import translate as _
from app.web.export_cells import Filled, named, text, time


def asks(given: Mapping[str, str]) -> dict[str, str]:
    """The filters of the page's address."""
    return switches.address(switches.filters(given))


def says(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The filters in words."""
    outcome = words_pins.outcome_choices()[asked["outcome"]] if "outcome" in asked else ""
    return " · ".join(part for part in (outcome, asked.get("organisation", "")) if part)


def below(session: Session, order: Order, row_id: int, limit: int) -> list[tuple[int, Any]]:
    """Tries in the person's area."""
    return list(switch_log.page(session, order.actor, switches.filters(order.asked), row_id, limit))


def count(session: Session, order: Order, row_id: int, most: int) -> int:
    """How many."""
    return switch_log.count(session, order.actor, switches.filters(order.asked), row_id, most)


def columns(session: Session, order: Order) -> list[Filled]:
    """One line a try."""
    outcomes = words_pins.outcomes()
    return [
        time(_("Time"), lambda line: line.at),
        text(_("Taken over by"), lambda line: line.to.name, 12),
        text(_("Account"), lambda line: line.to.account),
        text(_("Taken over from"), lambda line: line.before.name, 12),
        text(_("Account of whom it was taken from"), lambda line: line.before.account),
        text(_("Outcome"), lambda line: words.word(outcomes, line.outcome), 24),
        text(_("Browser"), switches.pc, 10),
        text(_("Organisation"), lambda line: named(line.house.name, line.house.name_en), 22),
        text(_("Code"), lambda line: line.house.code),
    ]
