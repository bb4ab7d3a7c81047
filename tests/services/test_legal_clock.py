"""The legal clock: seven days, fifteen for the regulator, CCS on day five; nothing stops or restarts it (rulebook 4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.services import intake, replies, sweep, waiting
from app.services.intake import ComplaintIn
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import answer, runs
from tests.services.test_contacts import call

MIN, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def legal(session: Any, number: str) -> Any:
    (run,) = runs(session, number, "legal")
    return run


@pytest.mark.parametrize(("channel", "days"), [("telephone", 7), ("regulator", 15)])
def test_it_is_due_after_seven_days_and_a_regulators_after_fifteen(
    cast: Cast, db_session: Any, channel: str, days: int
) -> None:
    complaint = ComplaintIn(text="投诉", category="LOCKER", channel=channel, site_code="330106-01")
    number = intake.manual(actor=cast["site"], complaint=complaint, key="", now=NOON)
    assert (legal(db_session, number).due_at, legal(db_session, number).calendar) == (NOON + days * DAY, "always")


def test_on_day_five_headquarters_has_it(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    answer(cast, number)
    sweep.run(db_session, NOON + 5 * DAY - MIN)
    assert ticket(db_session, number).level == 0
    sweep.run(db_session, NOON + 5 * DAY)
    assert ticket(db_session, number).level == 2 and legal(db_session, number).state == "running"
    sweep.run(db_session, NOON + 7 * DAY + MIN)
    assert legal(db_session, number).state == "breached"


def test_waiting_rework_and_a_repeat_leave_it_as_it_is(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    replies.claim(actor=cast["site"], post=post(number), now=NOON)
    for hours in (0, 3, 6):
        call(cast, number, "no_answer", NOON + hours * HOUR)
    waiting.wait(actor=cast["site"], post=post(number), now=NOON + 7 * HOUR)
    assert {run.state for run in runs(db_session, number, "resolve")} == {"paused"}
    assert (legal(db_session, number).state, legal(db_session, number).due_at) == ("running", NOON + 7 * DAY)
    tell(cast, "REPEAT", at=NOON + 8 * HOUR, now=NOON + 8 * HOUR)
    answer(cast, number, NOON + 9 * HOUR)
    tell(cast, "REPEAT", at=NOON + 10 * HOUR, now=NOON + 10 * HOUR, key="2")
    assert len(runs(db_session, number, "resolve")) == 2 and legal(db_session, number).due_at == NOON + 7 * DAY


def test_it_stops_with_the_closing(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    answer(cast, number)
    tell(cast, "SATISFIED", at=NOON + MIN, now=NOON + MIN)
    assert legal(db_session, number).stopped_at is None
    replies.close(actor=cast["site"], post=post(number), root_cause="hub", verified=True, now=NOON + DAY)
    assert (legal(db_session, number).state, legal(db_session, number).stopped_at) == ("met", NOON + DAY)


def test_a_regulator_who_joins_later_has_fifteen_days_from_then_beside_the_complainants_seven(
    cast: Cast, db_session: Any
) -> None:
    number = push(cast)
    joined = NOON + 3 * DAY
    asks = ComplaintIn(
        text="12305 转来", category="LOST", waybill=ticket(db_session, number).waybill, channel="regulator"
    )
    assert intake.manual(actor=cast["ccs"], complaint=asks, key="r", now=joined) == number
    first, second = runs(db_session, number, "legal")
    assert (first.state, first.due_at) == ("running", NOON + 7 * DAY)
    assert (second.state, second.started_at, second.due_at) == ("running", joined, joined + 15 * DAY)
    intake.manual(actor=cast["ccs"], complaint=asks, key="r2", now=joined + DAY)
    assert len(runs(db_session, number, "legal")) == 2


def test_both_run_on_when_the_closed_ticket_comes_back(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    asks = ComplaintIn(
        text="12305 转来", category="LOST", waybill=ticket(db_session, number).waybill, channel="regulator"
    )
    intake.manual(actor=cast["ccs"], complaint=asks, key="r", now=NOON + MIN)
    answer(cast, number, NOON + 2 * MIN)
    tell(cast, "SATISFIED", at=NOON + 3 * MIN, now=NOON + 3 * MIN)
    replies.close(actor=cast["ccs"], post=post(number), root_cause="hub", verified=True, now=NOON + DAY)
    assert {run.state for run in runs(db_session, number, "legal")} == {"met"}
    tell(cast, "REPEAT", at=NOON + 2 * DAY, now=NOON + 2 * DAY)
    assert [(run.state, run.due_at) for run in runs(db_session, number, "legal")] == [
        ("running", NOON + 7 * DAY), ("running", NOON + MIN + 15 * DAY),
    ]  # fmt: skip
