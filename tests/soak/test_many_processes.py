"""Several processes at the same work: each piece of it is done once, and nobody is told that the database is locked."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models import Clock, Event, PlatformOrder, Seal, Ticket
from app.models.ids import new_id
from app.services import replies, seals, sweep
from tests import invariant
from tests.cast import NOON, Cast, post, push
from tests.soak.crew import crew, size

pytestmark = pytest.mark.thorough

MINUTE = timedelta(minutes=1)
SCHEDULERS, PERIODS = 5, size(20, 500)
SWEEPERS, DUE = 2, size(60, 10_000)
WRITERS, SECONDS = 20, size(3, 600)


def test_five_schedulers_do_the_work_of_each_period_once(cast: Cast, db_session: Any) -> None:
    """A period is a minute with something to seal; each scheduler comes by in each of them, all at one moment."""
    begun = NOON

    def come_by(period: int) -> int:
        return seals.run(begun + period * MINUTE, behind=0)

    runs = []
    with crew(SCHEDULERS, come_by) as schedulers:
        for period in range(PERIODS):
            push(cast, f"W{period}", now=begun + period * MINUTE)
            time.sleep(0.002)  # an id is sealed once its millisecond is over
            runs.append(sum(n > 0 for n in schedulers.all(period)))
    assert runs == [1] * PERIODS
    db_session.rollback()
    rows = db_session.execute(select(Seal.id, Seal.events).order_by(Seal.id)).all()
    assert [row.id for row in rows] == list(range(1, PERIODS + 1))
    assert sum(row.events for row in rows) == db_session.scalar(select(func.count()).select_from(Event))
    assert invariant.broken(db_session) == []


def test_two_sweepers_make_one_transition_of_each_due_clock_and_a_poisoned_ticket_stops_neither(
    cast: Cast, db_session: Any, monkeypatch: Any
) -> None:
    numbers = [push(cast, f"W{n}") for n in range(DUE + 1)]
    bad = db_session.scalar(select(Ticket.id).where(Ticket.number == numbers[DUE // 2]))
    late = NOON + 31 * MINUTE
    real = sweep._stages

    def poisoned(session: Any, ticket: Ticket, clock: Any, now: Any) -> Any:
        if ticket.id == bad:
            raise RuntimeError("poison")
        return real(session, ticket, clock, now)

    monkeypatch.setattr(sweep, "_stages", poisoned)

    def all_that_is_due(_word: None) -> int:
        total = 0
        while n := sweep.run(db.session(), late):
            total += n
        return total

    begun = time.monotonic()
    with crew(SWEEPERS, all_that_is_due) as sweepers:
        looked_at = sweepers.all()
    seconds = time.monotonic() - begun
    db_session.rollback()
    breaches = select(Event.ticket_id, Event.data).where(Event.type == "clock_breached")
    told = Counter((row.ticket_id, row.data["kind"]) for row in db_session.execute(breaches))
    assert set(told.values()) == {1}
    by_kind = Counter(kind for _ticket, kind in told)
    assert by_kind == {"accept": DUE, "first_reply": DUE}
    flagged = select(func.count()).where(Ticket.overdue)
    assert db_session.scalar(flagged) == DUE
    left = select(Clock.ticket_id).where(Clock.due_at <= late, Clock.breached_at.is_(None), Clock.stopped_at.is_(None))
    assert set(db_session.scalars(left)) == {bad}
    assert invariant.broken(db_session) == []
    print(
        f"{SWEEPERS} sweepers, {DUE} due tickets: {sum(by_kind.values())} transitions in {seconds:.1f} s ({looked_at})"
    )


@pytest.mark.sqlite_only
def test_twenty_writers_at_once_never_hear_that_the_database_is_locked(cast: Cast, db_session: Any) -> None:
    """Pushes and claims as fast as they go, in a process each: the embedded mode at its hardest."""

    def write_on(seconds: int) -> dict[str, Any]:
        me, n, worst, errors, until = f"{new_id():x}", 0, 0.0, [], time.monotonic() + seconds
        while time.monotonic() < until:
            begun = time.monotonic()
            try:
                number = push(cast, f"W{me}-{n}", waybill=f"YT{new_id() % 10**13:013d}")
                replies.claim(actor=cast["site"], post=post(number), now=NOON)
                n += 1
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}"[:200])
            worst = max(worst, time.monotonic() - begun)
        return {"written": n, "worst": worst, "errors": errors}

    with crew(WRITERS, write_on) as writers:
        said = writers.all(SECONDS)
    assert [line for one in said for line in one["errors"]] == []
    written = sum(one["written"] for one in said)
    db_session.rollback()
    assert db_session.scalar(select(func.count()).select_from(PlatformOrder)) == written > 0
    assert db_session.scalar(select(func.count()).where(Ticket.state == "in_progress")) == written
    assert invariant.broken(db_session) == []
    worst = max(one["worst"] for one in said)
    print(
        f"{WRITERS} writers, {SECONDS} s: {2 * written} writes, 0 locked, the longest pair of them took {worst:.1f} s"
    )


def test_processes_that_are_forked_together_draw_different_ids(database: Any) -> None:
    with crew(8, lambda n: [new_id() for _turn in range(n)]) as hands:
        drawn = [one for said in hands.all(2000) for one in said]
    assert len(set(drawn)) == len(drawn)
