"""The oracle of the tests: quiet where all is well, and it names each thing that is broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from app.models import Event, Outbox, Penalty, PlatformOrder, Reminder
from app.services import penalties, penalty_totals, reminders, replies, sweep, undo
from app.services.replies import ResultIn
from tests import invariant
from tests.cast import NOON, Cast, post, push, tell

LATE = NOON + timedelta(hours=2)


@pytest.fixture
def at_work(cast: Cast, db_session: Any) -> Cast:
    """Three tickets: one answered, one late and charged, one pushed again."""
    numbers = [push(cast, f"W{n}") for n in range(3)]
    answer = ResultIn(text="已处理", contact_outcome="reached_accepts")
    replies.result(actor=cast["site"], post=post(numbers[0]), answer=answer, now=NOON)
    tell(cast, "REPEAT", "W2")
    while sweep.run(db_session, LATE):
        pass
    reminders.bundle(db_session, LATE)
    while penalties.run(db_session, LATE):
        pass
    db_session.rollback()
    return cast


def test_a_portal_at_work_breaks_nothing(at_work: Cast, db_session: Any) -> None:
    assert db_session.query(Penalty).count() and db_session.query(Reminder).count()
    assert invariant.broken(db_session) == []


def test_an_answer_that_was_taken_back_before_it_left_breaks_nothing(cast: Cast, db_session: Any) -> None:
    number, answer = push(cast, "W9"), ResultIn(text="已处理", contact_outcome="reached_accepts")
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON, hold=timedelta(seconds=30))
    undo.take_back(actor=cast["site"], number=number, now=NOON + timedelta(seconds=5))
    assert db_session.scalars(select(Outbox.state).where(Outbox.kind == "callback")).all() == ["withdrawn"]
    assert invariant.broken(db_session) == []


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        (delete(PlatformOrder).where(PlatformOrder.code == "W0"), "has no order"),
        (update(Outbox).where(Outbox.state == "pending").values(next_try_at=None), "nobody will try it again"),
        (update(Outbox).values(state="lost"), "is lost"),
        (update(Outbox).values(state="withdrawn"), "is withdrawn"),
        (update(Reminder).values(outbox_id=1), "a message that is not there"),
        (update(Event).where(Event.type == "result").values(type="note"), "chain: edited"),
    ],
    ids=["order", "intent", "state", "withdrawn", "reminder", "chain"],
)
def test_each_thing_that_is_broken_is_named(at_work: Cast, db_session: Any, statement: Any, word: str) -> None:
    db_session.execute(statement)
    db_session.commit()
    assert any(word in line for line in invariant.broken(db_session)), invariant.broken(db_session)


def test_a_total_that_the_lines_do_not_add_up_to_is_named(at_work: Cast, db_session: Any, monkeypatch: Any) -> None:
    real = penalty_totals.totals

    def printed(*what: Any) -> dict[int, Any]:
        return {place: replace(one, proposed_fen=one.proposed_fen + 1) for place, one in real(*what).items()}

    monkeypatch.setattr(penalty_totals, "totals", printed)
    assert any("adds up to" in line for line in invariant.broken(db_session))
