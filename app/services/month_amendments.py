"""Corrections: what the books say of a frozen month today and did not at its freeze (rulebook 5 "Month close")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import scorecards as cards
from app.domain.scorecards import ASSESSED, Facts, Node
from app.models import Amendment, FrozenCard
from app.models.ids import new_id
from app.services import month_books, months
from app.services.scorecard_facts import Span

LOOKED_AT = 3  # frozen months before the open one (D): what changes later than that is a matter of its own


@dataclass(frozen=True)
class Correction:
    """One count of one organisation in a frozen month: what stood there and what the books say since. `number` is 0
    for one that is found only now and gets its number with the next freeze."""

    month: str
    number: int
    of_month: str
    code: str
    organisation_id: int
    name: str
    before: int
    now: int

    def plain(self) -> dict[str, Any]:
        """As it stands in the head of the month in which it was found."""
        return {
            "number": self.number, "of_month": self.of_month, "code": self.code, "name": self.name,
            "before": self.before, "now": self.now,
        }  # fmt: skip


def find(session: Session, month: str, now: datetime) -> list[dict[str, Any]]:
    """Number and store what has changed in the frozen months before `month`; the caller commits."""
    found = [replace(one, number=n) for n, one in enumerate(pending(session, month, now), 1)]
    session.add_all([
        Amendment(id=new_id(), month=month, number=one.number, of_month=one.of_month,
                  organisation_id=one.organisation_id, name=one.name, before=one.before, now=one.now, found_at=now)
        for one in found
    ])  # fmt: skip
    session.flush()
    return [one.plain() for one in found]


def pending(session: Session, month: str, now: datetime) -> list[Correction]:
    """What has changed in the last frozen months before `month` since it was frozen or corrected, by month, code and
    the order of the counts."""
    return [
        one for of_month in sorted(months.frozen(session, month)[:LOOKED_AT])
        for one in _of(session, of_month, month, now)
    ]  # fmt: skip


def _of(session: Session, of_month: str, month: str, now: datetime) -> list[Correction]:
    stood = _stood(session, of_month)
    nodes = [node for node, _facts in stood.values()]
    today = month_books.facts_alone(session, Span.of(of_month, now), nodes)
    return [
        Correction(month, 0, of_month, node.code, node.id, name, before, number)
        for node, facts in sorted(stood.values(), key=lambda pair: pair[0].code)
        if node.kind in ASSESSED
        for name, before, number in cards.changed(facts, replace(today[node.id], open=facts.open))
    ]  # fmt: skip


def _stood(session: Session, of_month: str) -> dict[int, tuple[Node, Facts]]:
    """The frozen counts with the corrections made since. What was open at the freeze is corrected by none."""
    found: dict[int, tuple[Node, Facts]] = {}
    for body in session.scalars(select(FrozenCard.body).where(FrozenCard.month == of_month)):
        plain = json.loads(body)
        node = cards.node_of(plain)
        found[node.id] = node, cards.facts_of(plain)
    later = select(Amendment).where(Amendment.of_month == of_month).order_by(Amendment.month, Amendment.number)
    for row in session.scalars(later):
        if row.organisation_id in found:
            setattr(found[row.organisation_id][1], row.name, row.now)
    return found


def stored(session: Session, month: str, codes: Mapping[int, str]) -> list[Correction]:
    """The numbered corrections that a month carries, of these organisations (id to code)."""
    statement = select(Amendment).where(Amendment.month == month, Amendment.organisation_id.in_(codes))
    return [
        Correction(row.month, row.number, row.of_month, codes[row.organisation_id], row.organisation_id, row.name,
                   row.before, row.now)
        for row in session.scalars(statement.order_by(Amendment.number))
    ]  # fmt: skip
