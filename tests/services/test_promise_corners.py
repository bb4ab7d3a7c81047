"""Promises in corners: ticked too late, broken while the ticket is at work or before CCS, made by a site that lost it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.domain.errors import NotAllowed
from app.domain.roles import Actor
from app.models import Clock, Promise, WorkItem
from app.services import appeals, contacts, promises, replies, sweep, transfers, waiting
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from app.services.transfers import ReturnIn, RulingIn
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services import month_checks
from tests.services.ending_steps import events, runs

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
DUE = NOON + 5 * HOUR


def promised(cast: Cast, what: str = "call_back", due: datetime = DUE) -> str:
    number = push(cast)
    said = ResultIn("今天给您答复", "reached_accepts", promises=[PromiseIn(what, due)])
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON)
    return number


def only(session) -> Promise:
    session.rollback()
    return session.scalars(select(Promise)).one()


def calls(actor: Actor, number: str, at: datetime, outcome: str = "reached_accepts") -> None:
    begun = contacts.start(actor=actor, post=post(number), now=at)
    ending = {"contact_id": begun.contact_id, "outcome": outcome, "answers": {}}
    contacts.end(actor=actor, post=post(number), **ending, now=at + MIN)


def test_past_its_due_nothing_is_kept_or_agreed_anew_whether_or_not_somebody_has_looked(cast: Cast, db_session) -> None:
    number = promised(cast, "compensation")
    calls(cast["site"], number, NOON + HOUR)
    which = {"actor": cast["site"], "post": post(number), "promise_id": only(db_session).id}
    late = DUE + timedelta(seconds=1)
    db_session.rollback()
    with pytest.raises(NotAllowed, match="promise_over"):
        promises.keep(**which, proof="call", now=late)
    with pytest.raises(NotAllowed, match="promise_over"):
        promises.renegotiate(**which, due_at=DUE + HOUR, text="", now=late)
    sweep.run(db_session, late)
    assert only(db_session).state == "broken"


def test_at_its_due_it_is_still_kept_in_time(cast: Cast, db_session) -> None:
    number = promised(cast, "compensation")
    calls(cast["site"], number, NOON + HOUR)
    promise_id = only(db_session).id
    db_session.rollback()
    promises.keep(actor=cast["site"], post=post(number), promise_id=promise_id, proof="call", now=DUE)
    assert (only(db_session).state, runs(db_session, number, "promise")[0].state) == ("kept", "met")


@pytest.mark.parametrize(
    ("who", "outcome", "at", "state"),
    [("site", "reached_accepts", DUE - HOUR, "kept"), ("site", "no_answer", DUE - HOUR, "broken"),
     ("site", "reached_denies", DUE, "kept"), ("site", "reached_accepts", DUE + MIN, "broken")],
)  # fmt: skip
def test_a_promised_call_that_was_made_in_time_is_kept_whether_or_not_somebody_ticks_it(
    cast: Cast, db_session, who: str, outcome: str, at: datetime, state: str
) -> None:
    number = promised(cast)
    calls(cast[who], number, at, outcome)
    sweep.run(db_session, DUE + 2 * MIN)
    assert only(db_session).state == state
    assert ticket(db_session, number).state == ("replied" if state == "kept" else "in_progress")


def test_broken_while_the_ticket_is_at_work_it_is_on_top_and_before_the_province_and_keeps_its_clock(
    cast: Cast, db_session
) -> None:
    number = promised(cast)
    tell(cast, "REPEAT", at=NOON + HOUR, now=NOON + HOUR)
    due = runs(db_session, number, "resolve")[-1].due_at
    sweep.run(db_session, DUE)
    row = ticket(db_session, number)
    assert (row.state, row.flags, row.level) == ("in_progress", ["no_sign_scan", "promise_broken"], 1)
    items = {item.scope: (item.turn, item.due_at.year) for item in db_session.scalars(select(WorkItem))}
    assert items[cast.places["330106-01"]] == (True, 2000) and items[cast.places["33"]] == (True, 2000)
    assert [run.due_at for run in runs(db_session, number, "resolve")][1:] == [due]


def test_a_promise_is_its_makers_also_after_another_site_has_the_ticket(cast: Cast, db_session) -> None:
    number = promised(cast)
    tell(cast, "REPEAT", at=NOON + HOUR, now=NOON + HOUR)
    asked = ReturnIn("outside_area", "不在派送范围")
    transfers.give_up(actor=cast["site"], post=post(number), asked=asked, now=NOON + 2 * HOUR)
    ruling = RulingIn("grant", "经核实", "330108-01")
    transfers.rule(actor=cast["lcs"], post=post(number), ruling=ruling, now=NOON + 2 * HOUR)
    sweep.run(db_session, DUE)
    assert [event.data["site_id"] for event in events(db_session, number, "promise_broken")] == [
        cast.places["330106-01"]
    ]


@pytest.mark.parametrize("ruling", ["rejected_close", "upheld_compensate"])
def test_a_ruling_closes_nothing_while_a_promise_is_open(cast: Cast, db_session, ruling: str) -> None:
    number = promised(cast)
    tell(cast, "REJECT", at=NOON + HOUR, now=NOON + HOUR)
    said = appeals.RulingIn(ruling, "经核实")
    appeals.rule(actor=cast["ccs"], post=post(number), ruling=said, now=NOON + 2 * HOUR)
    row = ticket(db_session, number)
    assert (row.state, row.objection_over, row.closed_at) == ("replied", True, None)
    assert month_checks.differences(db_session, "2026-11", NOON + 2 * HOUR + MIN) == []  # the log has it open, too
    close = {"actor": cast["site"], "post": post(number), "root_cause": "courier", "verified": True}
    with pytest.raises(NotAllowed):
        replies.close(**close, now=NOON + 2 * HOUR + MIN)
    calls(cast["site"], number, NOON + 3 * HOUR)
    promise_id = only(db_session).id
    db_session.rollback()
    promises.keep(actor=cast["site"], post=post(number), promise_id=promise_id, proof="call", now=NOON + 4 * HOUR)
    kinds = select(Clock.kind).where(Clock.stopped_at.is_(None))
    assert set(db_session.scalars(kinds)) == {"close", "legal"}
    db_session.rollback()
    replies.close(**close, now=NOON + 5 * HOUR)
    assert ticket(db_session, number).state == "closed"
    assert month_checks.differences(db_session, "2026-11", NOON + 6 * HOUR) == []


def test_a_promise_that_a_ruling_left_open_and_that_breaks_brings_the_ticket_back(cast: Cast, db_session) -> None:
    number = promised(cast)
    tell(cast, "REJECT", at=NOON + HOUR, now=NOON + HOUR)
    said = appeals.RulingIn("rejected_close", "经核实")
    appeals.rule(actor=cast["ccs"], post=post(number), ruling=said, now=NOON + 2 * HOUR)
    sweep.run(db_session, DUE)
    row = ticket(db_session, number)
    assert (row.state, row.queue) == ("in_progress", "returned")
    assert runs(db_session, number, "resolve")[-1].due_at == DUE + 12 * HOUR


def test_nobody_waits_for_a_customer_whom_a_promise_has_let_down(cast: Cast, db_session) -> None:
    number, due = push(cast), NOON + 8 * HOUR
    promise = PromiseIn("compensation", due)
    replies.claim(actor=cast["site"], post=post(number), now=NOON)
    promises.make(actor=cast["site"], post=post(number), promise=promise, now=NOON + MIN)
    for hours in (1, 3, 6):  # 13:00, 15:00, 18:00
        calls(cast["site"], number, NOON + hours * HOUR, "no_answer")
    waiting.wait(actor=cast["site"], post=post(number), now=NOON + 7 * HOUR)
    sweep.run(db_session, due)
    row = ticket(db_session, number)
    assert (row.waiting_until, row.queue) == (None, "working")
    turns = {item.scope: (item.turn, item.due_at.year) for item in db_session.scalars(select(WorkItem))}
    assert turns[cast.places["330106-01"]] == (True, 2000)
