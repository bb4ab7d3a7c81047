"""The close of a month in the midst of lives: what is frozen stays as it is, and what comes later counts in the open one."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import scorecards as cards
from app.domain.month_dates import freeze_from
from app.models import Amendment, FrozenCard, FrozenPeople, MonthClose, Penalty
from app.services import month_amendments, month_freeze, month_verify
from tests.cast import Cast
from tests.failing import Killed, dying

MONTH, NEXT = "2026-11", "2026-12"
CLOSES, CLOSES_NEXT = freeze_from(MONTH), freeze_from(NEXT)
CARD = ("id", "organisation_id", "ticket_id", "rule", "occurrence", "month", "amount_fen", "points", "state")


class Books:
    """The books of the month in which all begins. `kept` is every frozen byte, once it is closed."""

    def __init__(self, session: Session, cast: Cast) -> None:
        self.session, self.cast = session, cast
        self.kept: list[Any] | None = None

    def close(self, now: datetime, nth: int) -> None:
        """Headquarters closes the month, and the process may die on its way: then it is closed once more."""
        with suppress(Killed), dying(nth=nth):
            self._freeze(MONTH, now)
        self.session.rollback()
        if not self._stored():
            self._freeze(MONTH, now)
        self.kept = self._stored()
        self.same(now)

    def same(self, now: datetime) -> None:
        """Not a byte of what is frozen has changed, and the log still tells every figure of it."""
        if self.kept is None:
            return
        assert self._stored() == self.kept, "a frozen month has changed"
        assert month_verify.verify(month=MONTH).differences == ()

    def settle(self, now: datetime) -> None:
        """At the end of the play: each later fact is an adjustment of the open month, numbered when that is closed."""
        if self.kept is None:
            return
        self.same(now)
        later = max(now, CLOSES_NEXT) + timedelta(seconds=1)
        wanted = self.corrected(later)
        found = month_amendments.pending(self.session, NEXT, later)
        assert {(one.code, one.name): (one.before, one.now) for one in found} == wanted
        self._freeze(NEXT, later)
        rows = self.session.scalars(select(Amendment).order_by(Amendment.number)).all()
        assert [(row.month, row.of_month, row.number) for row in rows] == [
            (NEXT, MONTH, n + 1) for n in range(len(wanted))
        ]
        self.same(later)
        assert month_verify.verify(month=NEXT).differences == ()
        assert month_amendments.pending(self.session, "2027-01", later) == []

    def corrected(self, now: datetime) -> dict[tuple[str, str], tuple[int, int]]:
        """What the event log alone says of the month today, where it is not what was frozen."""
        self.session.rollback()
        bodies = self.session.scalars(select(FrozenCard.body).where(FrozenCard.month == MONTH))
        plains = [json.loads(body) for body in bodies]
        nodes = [cards.node_of(plain) for plain in plains]
        head = {"frozen_at": now.isoformat(), **month_freeze.visible(self.session)}
        tally, _events = month_verify.fold(self.session, MONTH, head, nodes)
        whole, told = cards.roll_up(nodes, tally.facts), {}
        for plain, node in zip(plains, nodes, strict=True):
            stood = cards.facts_of(plain)
            if node.kind in cards.ASSESSED:
                today = replace(whole[node.id], open=stood.open)  # what was open at the freeze is corrected by none
                told |= {(node.code, name): (old, new) for name, old, new in cards.changed(stood, today)}
        return told

    def _freeze(self, month: str, now: datetime) -> None:
        month_freeze.freeze(actor=self.cast["ccs-manager"], month=month, now=now)

    def _stored(self) -> list[Any]:
        """Cards, sheets of people and the head of the month, and the charges in it; empty while it is open."""
        self.session.rollback()
        cards = select(FrozenCard.code, FrozenCard.body, FrozenCard.digest).where(FrozenCard.month == MONTH)
        people = select(FrozenPeople.code, FrozenPeople.body, FrozenPeople.digest).where(FrozenPeople.month == MONTH)
        heads = select(MonthClose.head, MonthClose.digest).where(
            MonthClose.month == MONTH, MonthClose.frozen_at.is_not(None)
        )
        lines = select(*(getattr(Penalty, name) for name in CARD)).where(Penalty.month == MONTH)
        if self.session.execute(heads).first() is None:
            return []
        return [sorted(map(tuple, self.session.execute(one)), key=repr) for one in (cards, people, heads, lines)]
