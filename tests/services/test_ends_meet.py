"""What still runs when a complaint ends: promises, waitings, questions and the mark of a broken promise."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.domain.lifecycle import PROMISE_BROKEN
from app.models import Clock, Pause, Promise, WorkItem
from app.services import categories, closing, journal, replies, sweep, verdicts, waiting
from app.services.closing import WithdrawalIn
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from app.services.work_item import ON_TOP
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import answer, by_hand, events, picture, runs
from tests.services.test_contacts import call

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
PROMISED = ResultIn("今天送到", "reached_accepts", promises=[PromiseIn("redelivery", NOON + 5 * HOUR)])


def withdraw(cast: Cast, number: str, now) -> None:
    said = WithdrawalIn("by_phone", "客户来电撤销", [picture(cast, "site", number, now=now)])
    closing.withdraw(actor=cast["site"], post=post(number), withdrawal=said, now=now)


def waits(cast: Cast, until=NOON + 7 * HOUR) -> str:
    """A telephone complaint whose customer was called three times without an answer, and that waits."""
    number = by_hand(cast)
    replies.claim(actor=cast["site"], post=post(number), now=NOON + MIN)
    for hours in (0.1, 3, 6):
        call(cast, number, "no_answer", NOON + hours * HOUR)
    waiting.wait(actor=cast["site"], post=post(number), now=until)
    return number


def test_a_withdrawal_by_hand_takes_the_promises_clock_out_of_all_measures(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number, said=PROMISED)
    withdraw(cast, number, NOON + HOUR)
    assert (ticket(db_session, number).open_promises, runs(db_session, number, "promise")[0].state) == (0, "void")
    assert db_session.scalars(select(Promise.state)).one() == "dropped"


def test_a_withdrawal_ends_the_waiting_and_what_stood_still_is_not_late(cast: Cast, db_session) -> None:
    number = waits(cast)
    due = runs(db_session, number, "resolve")[0].due_at
    at = due + HOUR  # the due before the pause, which the pause has moved
    assert at < NOON + 31 * HOUR
    withdraw(cast, number, at)
    row = ticket(db_session, number)
    assert (row.state, row.waiting_until, row.queue) == ("withdrawn", None, "done")
    assert runs(db_session, number, "resolve")[0].state == "void"
    assert db_session.scalars(select(Pause.ended_at)).one() == at
    assert len(events(db_session, number, "waiting_over")) == 1
    assert journal.verify(db_session, row.id) is None


def test_a_broken_promise_ends_the_time_to_be_told(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number, said=PROMISED)
    sweep.run(db_session, NOON + 5 * HOUR + MIN)
    assert ticket(db_session, number).state == "in_progress"
    assert runs(db_session, number, "delivery")[0].state == "void"


def test_a_ticket_that_is_opened_again_does_not_remember_an_old_broken_promise(cast: Cast, db_session) -> None:
    number = push(cast, category="LOCKER")
    answer(cast, number, said=PROMISED)
    sweep.run(db_session, NOON + 5 * HOUR + MIN)
    assert ticket(db_session, number).flags == [PROMISE_BROKEN]
    tell(cast, "SATISFIED", at=NOON + 6 * HOUR, now=NOON + 6 * HOUR)
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=NOON + 7 * HOUR)
    tell(cast, "REPEAT", at=NOON + 8 * HOUR, now=NOON + 8 * HOUR)
    row = ticket(db_session, number)
    assert (row.state, row.flags, row.level) == ("in_progress", [], 0)
    assert ON_TOP not in set(db_session.scalars(select(WorkItem.due_at)))


def test_nobody_has_to_consent_to_the_category_of_an_ended_ticket(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    categories.correct(actor=cast["lcs"], post=post(number), category="LOST", reason="件丢了", now=NOON)
    categories.correct(actor=cast["site"], post=post(number), category="OTHER", reason="找到了", now=NOON + MIN)
    assert ticket(db_session, number).category_wanted == "OTHER"
    answer(cast, number, now=NOON + 2 * MIN)
    closed(cast, number, NOON + 3 * MIN)
    row = ticket(db_session, number)
    assert (row.state, row.category_wanted) == ("closed", "")
    assert not list(db_session.scalars(select(WorkItem)))
    assert db_session.scalars(select(Clock.state).where(Clock.kind == "consent")).one() == "void"


def closed(cast: Cast, number: str, now) -> None:
    """The customer accepts and the site closes."""
    verdicts.customer_accepts(actor=cast["site"], post=post(number), text="客户说可以", now=now)
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=now + MIN)
