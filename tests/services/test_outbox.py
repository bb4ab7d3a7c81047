"""Killed at any step, nothing is lost and no SMS goes out twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.errors import NotAllowed, NotFound
from app.failpoints import armed
from app.models import Event, Outbox
from app.models.ids import new_id
from app.services import callbacks, outbox, replies
from app.services.outbox import Result
from app.services.replies import ResultIn
from tests.cast import NOON, Cast, post, push, ticket
from tests.failing import Killed, deaths, die_everywhere, dying

LEASE = 60
STEPS = ("outbox.claimed", "outbox.sending", "outbox.sent")


class Gateway:
    """What the outside has accepted; it can be asked by our id."""

    def __init__(self) -> None:
        self.accepted: list[int] = []

    def send(self, row: Outbox, _material: Any) -> Result:
        self.accepted.append(row.id)
        return Result("sent", external_id=f"g{len(self.accepted)}")

    def query(self, row: Outbox, material: Any) -> Result:
        return Result("sent") if row.id in self.accepted else self.send(row, material)


def deliver(row_id: int, gateway: Gateway, now: datetime) -> str:
    return outbox.deliver(
        row_id, send=gateway.send, query=gateway.query, prepare=lambda session, row: None,
        settle=lambda session, row, result, now: None, lease=LEASE, clock=lambda: now,
    )  # fmt: skip


def sms(session) -> int:
    row = Outbox(id=new_id(), kind="sms", key="k", lane="phone:1", payload={}, next_try_at=NOON, created_at=NOON)
    session.add(row)
    session.commit()
    return row.id


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_sends_the_sms_exactly_once(cast: Cast, db_session, step: str) -> None:
    row_id, gateway = sms(db_session), Gateway()
    with pytest.raises(Killed), dying(step):
        deliver(row_id, gateway, NOON)
    assert deliver(row_id, gateway, NOON + timedelta(seconds=LEASE - 1)) == "busy"
    for n in range(1, 4):
        later = NOON + timedelta(seconds=(LEASE + 1) * n)
        if row_id in outbox.due(db_session, later):
            deliver(row_id, gateway, later)
    db_session.rollback()
    assert gateway.accepted == [row_id]
    assert db_session.scalars(select(Outbox.state)).all() == ["sent"]


@pytest.mark.thorough
@pytest.mark.sample
def test_an_sms_whose_worker_dies_at_every_point_in_turn_goes_out_at_most_once_and_once_in_the_end(
    cast: Cast, db_session
) -> None:
    row_id, gateway, turns = sms(db_session), Gateway(), count(1)

    def work() -> None:
        later = NOON + timedelta(hours=1) * next(turns)
        if row_id in outbox.due(db_session, later):
            db_session.rollback()
            deliver(row_id, gateway, later)

    reached = {points[-1] for points in deaths(work)}
    assert reached == {*STEPS, "write.begin", "write.begun", "write.commit", "write.committed"}
    db_session.rollback()
    assert gateway.accepted == [row_id] and db_session.scalars(select(Outbox.state)).all() == ["sent"]


@pytest.mark.thorough
def test_an_answer_whose_worker_dies_at_any_point_says_the_same_again_until_it_is_taken(cast: Cast, db_session) -> None:
    numbers, heard = (push(cast, f"W{n}") for n in count(1)), []

    def fresh() -> int:
        answer = ResultIn(text="已处理", contact_outcome="reached_accepts")
        replies.result(actor=cast["site"], post=post(next(numbers)), answer=answer, now=NOON)
        heard.clear()
        return max(outbox.due(db_session, NOON))

    turns = count()

    def work(row_id: int) -> None:
        outbox.deliver(
            row_id, send=lambda row, material: heard.append(material[1]) or Result("sent"), prepare=callbacks.message,
            settle=settle, lease=LEASE, clock=lambda: NOON + timedelta(minutes=5) * next(turns),
        )  # fmt: skip

    def check(row_id: int) -> None:
        db_session.rollback()
        row = db_session.get_one(Outbox, row_id)
        taken = select(func.count()).where(Event.ticket_id == row.ticket_id, Event.type == "callback_taken")
        assert row.state == "sent" and db_session.scalar(taken) == 1
        assert 1 <= len(heard) <= 2 and all(one == heard[0] for one in heard)

    assert die_everywhere(fresh, work, check) >= {*STEPS, "outbox.settled"}


def test_a_row_that_another_worker_holds_is_left_alone(cast: Cast, db_session) -> None:
    row_id, gateway = sms(db_session), Gateway()
    seen: list[str] = []

    def race(step: str) -> None:
        if step == "outbox.claimed":
            seen.append(deliver(row_id, gateway, NOON))

    with armed(race):
        assert deliver(row_id, gateway, NOON) == "sent"
    assert seen == ["busy"] and gateway.accepted == [row_id]


def test_a_worker_that_wakes_after_its_lease_writes_nothing(cast: Cast, db_session) -> None:
    row_id, slow, quick = sms(db_session), Gateway(), Gateway()
    quick.accepted = slow.accepted

    def overtaken(step: str) -> None:
        if step == "outbox.sent":
            with armed(lambda _step: None):
                deliver(row_id, quick, NOON + timedelta(seconds=LEASE + 1))

    with armed(overtaken):
        assert deliver(row_id, slow, NOON) == "busy"
    assert slow.accepted == [row_id]


def answered(cast: Cast) -> str:
    number = push(cast)
    answer = ResultIn(text="已处理", contact_outcome="reached_accepts")
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    return number


def settle(session, row: Outbox, result: Result, now: datetime) -> None:
    if result.state == "sent":
        callbacks.accepted(session, row, now)
    elif row.state == "failed":
        callbacks.refused(session, row, result.code, result.text, now)


def call_back(row_id: int, result: Result, now: datetime) -> str:
    return outbox.deliver(
        row_id, send=lambda row, material: result, prepare=callbacks.message, settle=settle, lease=LEASE,
        clock=lambda: now,
    )  # fmt: skip


def test_a_taken_callback_starts_the_objection_window(cast: Cast, db_session) -> None:
    number = answered(cast)
    row_id = outbox.due(db_session, NOON)[0]
    assert call_back(row_id, Result("sent"), NOON) == "sent"
    assert ticket(db_session, number).next_due_at == NOON + timedelta(hours=48)


def test_a_refused_callback_is_back_with_the_site_in_plain_words(cast: Cast, db_session) -> None:
    number = answered(cast)
    row_id = outbox.due(db_session, NOON)[0]
    assert call_back(row_id, Result("refused", code="E1", text="缺少签收人"), NOON) == "failed"
    row = ticket(db_session, number)
    assert (row.state, row.queue) == ("in_progress", "returned")
    assert row.first_reply_at == NOON


def test_a_failed_callback_can_be_sent_again_inside_the_scope_only(cast: Cast, db_session) -> None:
    answered(cast)
    row_id = outbox.due(db_session, NOON)[0]
    with pytest.raises(NotAllowed):
        outbox.resend(actor=cast["lcs"], row_id=row_id, now=NOON)
    call_back(row_id, Result("refused", code="E1"), NOON)
    for name in ("lcs-2", "site"):
        with pytest.raises(NotFound):
            outbox.resend(actor=cast[name], row_id=row_id, now=NOON)
    outbox.resend(actor=cast["lcs"], row_id=row_id, now=NOON)
    assert call_back(row_id, Result("sent"), NOON) == "sent"


def test_a_platform_that_is_away_is_tried_again_later_with_the_same_operate_time(cast: Cast, db_session) -> None:
    answered(cast)
    row_id = outbox.due(db_session, NOON)[0]
    assert call_back(row_id, Result("retry", code="timeout"), NOON) == "pending"
    assert row_id not in outbox.due(db_session, NOON)
    db_session.rollback()
    assert outbox.due(db_session, NOON + timedelta(minutes=15)) == [row_id]
    _connection, message = callbacks.message(db_session, db_session.get(Outbox, row_id))
    assert message["operate_time"] == "2026-11-18 12:00:00"


@pytest.mark.thorough
def test_an_answer_is_tried_for_72_hours_always_the_same_and_then_fails_where_its_site_sees_it(
    cast: Cast, db_session
) -> None:
    number, now, said, pauses = answered(cast), NOON, [], []
    row_id = outbox.due(db_session, NOON)[0]
    while True:
        row = db_session.get_one(Outbox, row_id, populate_existing=True)
        if row.next_try_at is None:
            break
        pauses.append((row.next_try_at - now).total_seconds())
        now = row.next_try_at
        said.append(callbacks.message(db_session, row)[1])
        db_session.rollback()
        assert call_back(row_id, Result("retry", code="timeout"), now) in ("pending", "failed")
    db_session.rollback()
    assert all(one == said[0] for one in said) and len(said) > 72 * 60 / 15
    assert timedelta(hours=72) < now - NOON <= timedelta(hours=72, minutes=15)
    assert max(pauses) <= 900 and len({round(pause, 3) for pause in pauses[20:]}) > 100  # jitter: retries spread
    row = db_session.get_one(Outbox, row_id)
    assert (row.state, row.error) == ("failed", "timeout") and ticket(db_session, number).queue == "returned"
    outbox.resend(actor=cast["lcs"], row_id=row_id, now=now)
    assert call_back(row_id, Result("sent"), now) == "sent"


def test_a_later_answer_of_an_order_waits_for_the_earlier_one(cast: Cast, db_session) -> None:
    number = answered(cast)
    first = outbox.due(db_session, NOON)[0]
    call_back(first, Result("refused", code="E1"), NOON)
    answer = ResultIn(text="补充签收人", contact_outcome="reached_accepts")
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    outbox.resend(actor=cast["ccs"], row_id=first, now=NOON)
    assert outbox.due(db_session, NOON) == [first]
