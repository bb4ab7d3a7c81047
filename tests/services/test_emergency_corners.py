"""Clocks that stand still while something else happens to the ticket: moved, cancelled, repeated, two storms at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.models import Clock, Pause
from app.models.ids import new_id
from app.services import emergencies, emergency_pauses, explain, replies, sweep, transfers
from app.services.emergencies import AnnounceIn
from app.services.transaction import write
from app.services.transfers import ReturnIn, RulingIn
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import FINE, change, runs

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
DESK = "desk"


def storm(cast: Cast, area: str = "33", start: datetime = NOON, hours: int = 6) -> int:
    period = AnnounceIn(name="台风", area=area, from_at=start, until_at=start + hours * HOUR, pauses=True)
    return emergencies.announce(actor=cast["ccs-manager"], period=period, now=NOON)


def stands_still(cast: Cast, db_session, hours: int = 6) -> str:
    """A ticket that came at noon and stands still since a minute later."""
    number = push(cast)
    storm(cast, hours=hours)
    assert emergency_pauses.run(db_session, NOON + MIN) == 1
    return number


def last(session, number: str, kind: str) -> Clock:
    return runs(session, number, kind)[-1]


def moves_to(cast: Cast, number: str, site: str) -> None:
    asked = ReturnIn("outside_area", "不在派送范围")
    transfers.give_up(actor=cast["site"], post=post(number), asked=asked, now=NOON + 2 * MIN)
    ruling = RulingIn("keep" if site == DESK else "grant", "经核实", "" if site == DESK else site)
    transfers.rule(actor=cast["lcs"], post=post(number), ruling=ruling, now=NOON + 3 * MIN)


@pytest.mark.parametrize(
    ("site", "still", "due"),
    [("440305-01", False, NOON + 33 * MIN), ("330108-01", True, NOON + 6 * HOUR + 30 * MIN),
     (DESK, True, NOON + 6 * HOUR + 30 * MIN)],
)  # fmt: skip
def test_a_ticket_that_moves_stands_still_exactly_where_the_storm_is(
    cast: Cast, db_session, site: str, still: bool, due: datetime
) -> None:
    number = stands_still(cast, db_session)
    moves_to(cast, number, site)
    assert ticket(db_session, number).standing_still is still
    assert last(db_session, number, "first_reply").state == ("paused" if still else "running")
    emergency_pauses.run(db_session, NOON + 6 * HOUR)
    reply = last(db_session, number, "first_reply")
    assert (reply.state, reply.due_at) == ("running", due)
    assert not ticket(db_session, number).standing_still
    assert all(pause.ended_at for pause in db_session.scalars(select(Pause)))


def test_what_is_cancelled_while_it_stands_still_was_neither_late_nor_in_time(cast: Cast, db_session) -> None:
    number = stands_still(cast, db_session)
    tell(cast, "CANCEL", at=NOON + 2 * HOUR, now=NOON + 2 * HOUR)
    states = {kind: last(db_session, number, kind).state for kind in ("accept", "first_reply", "resolve")}
    assert states == {"accept": "void", "first_reply": "void", "resolve": "void"}


def test_a_repeat_while_it_stands_still_leaves_at_most_the_new_time_afterwards(cast: Cast, db_session) -> None:
    number = stands_still(cast, db_session, hours=10)
    again = NOON + 8 * HOUR + 30 * MIN  # 20:30 in Shanghai, so that 12 h end in service hours
    tell(cast, "REPEAT", at=again, now=again)
    assert last(db_session, number, "resolve").state == "paused"
    emergency_pauses.run(db_session, NOON + 10 * HOUR)
    assert last(db_session, number, "resolve").due_at == NOON + 22 * HOUR, "urgent: 12 h of it"
    less = datetime.fromisoformat("2026-11-19T08:29:00+08:00")
    assert last(db_session, number, "first_reply").due_at == less, "29 minutes were left, fewer than its limit"
    for kind in ("first_reply", "resolve"):
        view = explain.view(db_session, cast["site"], number, last(db_session, number, kind).id)
        assert view.agrees, f"{kind} is explained to the second"


def test_two_storms_one_after_the_other_leave_no_gap_however_late_somebody_looks(cast: Cast, db_session) -> None:
    number = stands_still(cast, db_session)
    storm(cast, area="", start=NOON + 5 * HOUR, hours=4)
    third = storm(cast, start=NOON + 9 * HOUR, hours=9)
    emergency_pauses.run(db_session, NOON + 8 * HOUR)  # the first one was over at 6
    assert last(db_session, number, "first_reply").state == "paused"
    emergencies.end(actor=cast["ccs-manager"], emergency_id=third, now=NOON + 10 * HOUR)
    emergency_pauses.run(db_session, NOON + 12 * HOUR)
    # 22:00 in Shanghai: 29 minutes of the next morning's service hours
    assert last(db_session, number, "first_reply").due_at == datetime.fromisoformat("2026-11-19T08:29:00+08:00")
    assert last(db_session, number, "resolve").due_at == NOON + 24 * HOUR + 10 * HOUR - MIN
    assert not ticket(db_session, number).standing_still


def test_a_reply_after_the_storm_is_late_even_before_somebody_has_seen_that_it_is_over(cast: Cast, db_session) -> None:
    number = stands_still(cast, db_session)
    at = NOON + 6 * HOUR + 29 * MIN
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=at + timedelta(seconds=1))
    reply = last(db_session, number, "first_reply")
    assert (reply.due_at, reply.state) == (at, "breached")


def test_who_waited_for_the_customer_until_the_middle_of_the_storm_runs_on_after_it(cast: Cast, db_session) -> None:
    number = stands_still(cast, db_session, hours=6)
    change(db_session, number, waiting_until=NOON + 2 * HOUR, state="in_progress", queue="waiting")
    with write() as session:
        row = ticket(session, number)
        span = {"ticket_id": row.id, "reason": "customer", "round": 1, "started_at": NOON + 2 * MIN}
        session.add(Pause(id=new_id(), ends_at=NOON + 2 * HOUR, **span))
    emergency_pauses.run(db_session, NOON + 7 * HOUR)  # nobody had looked since
    sweep.run(db_session, NOON + 7 * HOUR)
    assert ticket(db_session, number).waiting_until is None
    assert last(db_session, number, "first_reply").due_at == NOON + 6 * HOUR + 29 * MIN
