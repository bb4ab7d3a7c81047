"""Clocks that are due are advanced many under one commit, and nothing differs from one by one."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.models import Clock, Counter, Event, PenaltyDue, Reminder, Ticket, WorkItem
from app.services import sweep
from tests.cast import NOON, Cast, push, ticket
from tests.tools.lists import overheard

LATE = NOON + timedelta(minutes=31)
SITES = {"together": "330106-01", "alone": "330108-01"}


def due_at(session: Any, site_id: int) -> list[sweep.Due]:
    rows = select(Clock.id, Clock.ticket_id).where(Clock.organisation_id == site_id, Clock.next_stage_at <= LATE)
    return [sweep.Due(*row) for row in session.execute(rows.order_by(Clock.next_stage_at, Clock.id))]


def picture(session: Any, cast: Cast, site_id: int) -> dict[str, Any]:
    """All that the sweep writes about the tickets of a site, in words that do not depend on which site it is."""
    session.rollback()
    places = {site_id: "site", cast.places["33"]: "lcs", 0: "ccs"}
    own = list(session.scalars(select(Ticket).where(Ticket.handling_site_id == site_id).order_by(Ticket.id)))
    ids = [one.id for one in own]

    def rows(table: Any, *names: str) -> Tally[Any]:
        condition = table.ticket_id.in_(ids) if hasattr(table, "ticket_id") else table.clock_id.in_(
            select(Clock.id).where(Clock.ticket_id.in_(ids))
        )  # fmt: skip
        found = session.execute(select(*(getattr(table, name) for name in names)).where(condition))
        return Tally(tuple(places.get(value, value) for value in row) for row in found)

    counters = session.execute(select(Counter.queue, Counter.n).where(Counter.scope == site_id, Counter.n != 0))
    return {
        "tickets": [(t.state, t.queue, t.overdue, t.level, t.next_due_at, t.next_clock, t.version, t.activity_at)
                    for t in own],
        "clocks": rows(Clock, "kind", "state", "stage", "breached_at", "next_stage_at", "organisation_id"),
        "events": rows(Event, "seq", "type", "at"),
        "work": rows(WorkItem, "scope", "queue", "due_at", "activity_at", "turn", "overdue", "urged", "state"),
        "reminders": rows(Reminder, "stage", "organisation_id", "due_at", "created_at"),
        "penalties": rows(PenaltyDue, "try_at"),
        "counters": dict(tuple(row) for row in counters),
    }  # fmt: skip


@pytest.fixture
def pictures(cast: Cast, db_session: Any) -> dict[str, dict[str, Any]]:
    for n in range(5):
        for way, site in SITES.items():
            push(cast, f"{way}{n}", site=site)
    found = {}
    for way, site in SITES.items():
        rows = due_at(db_session, cast.places[site])
        db_session.rollback()
        if way == "together":
            assert sweep._together(rows, LATE)
        else:
            for one in rows:
                sweep._alone(one, LATE)
        found[way] = picture(db_session, cast, cast.places[site])
    return found


def test_what_is_advanced_together_is_as_if_it_were_advanced_one_by_one(pictures) -> None:
    assert pictures["together"] == pictures["alone"]
    assert all(pictures["together"].values())  # nothing was compared with nothing


def test_many_due_clocks_ask_hardly_more_often_than_few(cast: Cast, db_session, app) -> None:
    from app.extensions import db

    said = []
    for n, (way, site) in zip((2, 12), SITES.items(), strict=True):
        for number in range(n):
            push(cast, f"{way}{number}", site=site)
        rows = due_at(db_session, cast.places[site])
        db_session.rollback()
        with overheard(db.engine) as heard:
            assert sweep._together(rows, LATE)
        said.append(len(heard))
    assert said[1] <= said[0] + 4, said  # PostgreSQL takes sixteen rows in a statement


def test_one_that_raises_among_many_is_left_alone_and_the_others_are_done(cast: Cast, db_session, monkeypatch) -> None:
    numbers = [push(cast, f"W{n}") for n in range(4)]
    bad = db_session.scalar(select(Ticket.id).where(Ticket.number == numbers[2]))
    real = sweep._stages

    def poisoned(session, row, clock, now):
        if row.id == bad:
            raise RuntimeError("poison")
        return real(session, row, clock, now)

    monkeypatch.setattr(sweep, "_stages", poisoned)
    sweep.run(db_session, LATE)
    assert [ticket(db_session, number).overdue for number in numbers] == [True, True, False, True]


def test_what_a_sweep_did_meanwhile_is_not_done_again(cast: Cast, db_session) -> None:
    push(cast)
    rows = due_at(db_session, cast.places["330106-01"])
    db_session.rollback()
    for _ in range(2):
        assert sweep._together(rows, LATE)
    assert Tally(db_session.scalars(select(Event.type)))["clock_breached"] == 2  # accept and first reply
