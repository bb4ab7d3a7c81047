"""The five pairs that must not meet badly: every order of their steps ends as if one had come after the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.models import Clock, Event, Inbox, Outbox, PlatformOrder, PushKey, Ticket
from app.models.ids import new_id
from app.services import intake, journal, month_freeze, month_verify, outbox, replies, sweep
from app.services.intake import Arrival, ComplaintIn, OrderIn
from app.services.outbox import Result
from tests.cast import NOON, Cast, post, push, ticket
from tests.interleave import play, schedules
from tests.services.ending_steps import FINE

pytestmark = pytest.mark.thorough

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
ORDERS = list(schedules(2, 2))  # the work up to the commit, and the commit: of the one and of the other
READS_FIRST = frozenset({"write.begin", "write.commit"})


@pytest.fixture
def codes() -> Callable[[], str]:
    """A new order's code each time."""
    turns = count(1)
    return lambda: f"W{next(turns)}"


def many(session: Any, table: Any, *conditions: Any) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)


def events(session: Any, number: str, *kinds: str) -> int:
    row = ticket(session, number)
    return many(session, Event, Event.ticket_id == row.id, Event.type.in_(kinds))


def issued(cast: Cast, code: str, text: str = "显示签收，没有收到", waybill: str = "") -> str:
    """A push as the platform's thread makes it."""
    body = json.dumps({"work_order_code": code, "text": text}).encode()
    arrival = Arrival(cast.connection_id, intake.ISSUE, body, NOON)
    complaint = ComplaintIn(
        text=text, category="FALSE_SIGN", waybill=waybill or f"YT{code[1:]:0>13}", name="王小明", phone="13812345678",
        address="浙江省杭州市西湖区文三路 1 号", site_code="330106-01",
    )  # fmt: skip
    return intake.issue(arrival=arrival, order=OrderIn(code, f"T-{code}"), complaint=complaint)


# --- push and push ---


@pytest.mark.sample
def test_the_same_push_twice_is_one_ticket_in_every_order(app: Flask, cast: Cast, db_session, codes) -> None:
    for order in ORDERS:
        code = codes()
        ended = play(app, [lambda code=code: issued(cast, code)] * 2, order)
        assert ended[0] == ended[1] and many(db_session, PlatformOrder, PlatformOrder.code == code) == 1
        assert events(db_session, ended[0], "received") == 1 and ticket(db_session, ended[0]).repeat_count == 0
        assert db_session.scalars(select(PushKey.copies).where(PushKey.order_code == code)).one() == 1
    assert many(db_session, Ticket) == len(ORDERS)


def test_of_two_bodies_with_one_key_one_is_taken_and_one_kept_aside_in_every_order(
    app: Flask, cast: Cast, db_session, codes
) -> None:
    for order in ORDERS:
        code = codes()
        ended = play(app, [lambda c=code, t=text: issued(cast, c, t) for text in ("一", "二")], order)
        assert sum(end == "same_key_other_body" for end in ended) == 1, (order, ended)
        db_session.rollback()
        states = select(Inbox.state).where(Inbox.order_code == code)
        assert sorted(db_session.scalars(states)) == ["applied", "conflict"]
    assert many(db_session, Ticket) == len(ORDERS)


def test_two_orders_for_one_parcel_are_one_ticket_in_every_order(app: Flask, cast: Cast, db_session, codes) -> None:
    for order in ORDERS:
        pair = [codes(), codes()]
        ended = play(app, [lambda c=c, first=pair[0]: issued(cast, c, c, f"YT{first[1:]:0>13}") for c in pair], order)
        assert ended[0] == ended[1] and ticket(db_session, ended[0]).repeat_count == 1
        assert many(db_session, PlatformOrder, PlatformOrder.code.in_(pair)) == 2
    assert many(db_session, Ticket) == len(ORDERS)


# --- reply and reply ---


@pytest.mark.parametrize("same_form", [True, False])
def test_two_results_are_one_answer_in_every_order(app: Flask, cast: Cast, db_session, codes, same_form) -> None:
    for order in ORDERS:
        number = push(cast, codes())
        keys = [f"key-{number}"] * 2 if same_form else [f"one-{number}", f"two-{number}"]
        verbs = [
            lambda key=key, number=number: replies.result(
                actor=cast["site"], post=post(number, key), answer=FINE, now=NOON + HOUR
            ).repeated for key in keys
        ]  # fmt: skip
        ended = play(app, verbs, order)
        assert sorted(ended, key=str) == ([False, True] if same_form else [False, "not_allowed"]), (order, ended)
        row = ticket(db_session, number)
        assert many(db_session, Outbox, Outbox.ticket_id == row.id, Outbox.kind == "callback") == 1
        assert events(db_session, number, "result") == 1 and journal.verify(db_session, row.id) is None


# --- reply and escalate ---


@pytest.mark.parametrize("late", [False, True])
def test_an_answer_and_the_sweep_never_both_count_in_any_order(app: Flask, cast: Cast, db_session, codes, late) -> None:
    flagged = set()
    for order in list(schedules(3, 3))[::2]:
        number = push(cast, codes())
        row = ticket(db_session, number)
        first = select(Clock).where(Clock.ticket_id == row.id, Clock.kind == "first_reply")
        due = db_session.scalars(first).one().due_at
        while sweep.run(db_session, due - SECOND):
            pass
        at = due + late * SECOND
        play(app, [
            lambda number=number, at=at: replies.result(actor=cast["site"], post=post(number), answer=FINE, now=at),
            lambda at=at: sweep.run(db.session(), at),
        ], order, READS_FIRST)  # fmt: skip
        row, clock = ticket(db_session, number), db_session.scalars(first).one()
        breaches = select(Event.data).where(Event.ticket_id == row.id, Event.type == "clock_breached")
        told = [data["kind"] for data in db_session.scalars(breaches)].count("first_reply")
        flagged.add(told)
        wanted = ("breached", due) if late else ("met", None)
        assert (clock.state, clock.breached_at) == wanted and clock.next_stage_at is None, order
        assert (row.state, row.level, row.overdue) == ("replied", 0, False) and told <= 1, order
    assert flagged == {0, 1}, "each came first once"


# --- reply and the close of the month ---


def test_a_late_answer_is_in_the_month_or_after_it_and_never_half_in_every_order(
    app: Flask, cast: Cast, db_session, codes
) -> None:
    points = {"freeze.counted", "write.commit"}
    for n, order in enumerate(schedules(3, 2)):
        month, code = f"2027-{n + 1:02d}", codes()
        begun = datetime(int(month[:4]), int(month[5:]), 18, 4, tzinfo=UTC)
        frozen = (begun.replace(day=1) + 40 * DAY).replace(day=14)
        number = push(cast, code, now=begun)
        while sweep.run(db_session, frozen - HOUR):
            pass
        ended = play(app, [
            lambda month=month, frozen=frozen: month_freeze.freeze(
                actor=cast["ccs-manager"], month=month, now=frozen
            ).month,
            lambda number=number, frozen=frozen: replies.result(
                actor=cast["site"], post=post(number), answer=FINE, now=frozen
            ).number,
        ], order, points)  # fmt: skip
        assert ended[1] == number and ended[0] in (month, "freeze_met_writer"), (order, ended)
        if ended[0] != month:
            month_freeze.freeze(actor=cast["ccs-manager"], month=month, now=frozen)
        assert month_verify.verify(month=month).differences == (), order
        assert ticket(db_session, number).state == "replied"


# --- relay and relay ---


class Outside:
    """The time, and a gateway that cannot tell a repetition and can be asked. A driver of SMS sends nothing once its
    lease is over, and what surely is not there goes back in line."""

    def __init__(self) -> None:
        self.now, self.taken, self.settled = NOON, [], []

    def deliver(self, row_id: int) -> str:
        return outbox.deliver(
            row_id, send=self._send, query=self._query, prepare=lambda session, row: None, settle=self._settle,
            lease=60, clock=lambda: self.now,
        )  # fmt: skip

    def _send(self, row: Outbox, _material: Any) -> Result:
        if row.kind == "sms" and row.lease_until and self.now >= row.lease_until:
            return Result("unknown", code="lease_over")
        self.taken.append(row.id)
        return Result("sent")

    def _query(self, row: Outbox, _material: Any) -> Result:
        return Result("sent" if row.id in self.taken else "retry")

    def _settle(self, _session: Any, row: Outbox, result: Result, _now: datetime) -> None:
        self.settled += [row.id] * (result.state == "sent")

    def late(self, row_id: int) -> str:
        """A second worker, who comes when the first one's lease is over."""
        self.now += timedelta(minutes=2)
        return self.deliver(row_id)


RELAY = {"outbox.claimed", "outbox.sending", "outbox.sent"}


@pytest.mark.parametrize(("kind", "slept"), [("sms", False), ("sms", True), ("callback", True)])
def test_two_workers_at_one_row_make_one_message_in_every_order(
    app: Flask, cast: Cast, db_session, kind: str, slept: bool
) -> None:
    """After the lease an answer may be told twice, with the same words; an SMS never goes twice."""
    repeated = 0
    for order in schedules(4, 4):
        there, row_id = Outside(), new_id()
        row = Outbox(id=row_id, kind=kind, key=str(row_id), lane=str(row_id), payload={}, created_at=NOON)
        row.next_try_at = NOON
        db_session.add(row)
        db_session.commit()
        second = there.late if slept else there.deliver
        ended = play(app, [lambda f=f, n=row_id: f(n) for f in (there.deliver, second)], order, RELAY)
        assert slept or sorted(ended) == ["busy", "sent"], (order, ended)
        for _later in range(3):
            there.late(row_id)
        db_session.rollback()
        assert db_session.get_one(Outbox, row_id).state == "sent" and there.settled == [row_id], (order, ended)
        repeated += len(there.taken) == 2
        assert there.taken == [row_id] or (kind == "callback" and slept and len(there.taken) == 2), (order, ended)
    assert bool(repeated) == (kind == "callback" and slept)
