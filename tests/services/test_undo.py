"""A result that is taken back: nothing has left, the clocks run on to the due they had, what is on its way stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import NotAllowed, NotFound
from app.domain.roles import SYSTEM
from app.models import Clock, Contact, CustomerLink, Draft, Event, Outbox, Promise, ResultUndo, Ticket
from app.services import batch, callbacks, intake, journal, outbox, replies, sweep, undo
from app.services.batch import Many
from app.services.desk import Post
from app.services.intake import ComplaintIn
from app.services.outbox import Result
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from app.services.scorecard_facts import Span, results_in
from app.services.transaction import write
from tests import cast as company
from tests.cast import NOON, Cast
from tests.services import month_checks

HOLD = timedelta(seconds=30)
NOW = NOON + timedelta(minutes=12)  # accept is late by then, the first reply not yet
SOON = NOW + timedelta(seconds=10)
ROW = (
    "state", "queue", "owner_id", "first_reply_at", "result_at", "customer_accepted", "objection_over", "flags",
    "overdue", "level", "next_due_at", "next_clock", "open_promises", "waiting_until",
)  # fmt: skip
RUN = ("kind", "run", "state", "due_at", "stopped_at", "breached_at", "next_stage_at", "stage", "credited")


@pytest.fixture
def cast(db_session: Any) -> Cast:
    """The smallest company."""
    return company.begin()


@pytest.fixture
def number(cast: Cast) -> str:
    """A ticket of the first site."""
    return company.push(cast, "U1")


def answer(cast: Cast, number: str, now: datetime = NOW, hold: timedelta = HOLD, **more: Any) -> None:
    result = ResultIn("已送到", "reached_accepts", action_taken="redelivered", signed_by="本人", **more)
    replies.result(actor=cast["site"], post=Post(number, None, ""), answer=result, now=now, hold=hold)


def take_back(cast: Cast, number: str, now: datetime = SOON, who: str = "site") -> Any:
    return undo.take_back(actor=cast[who], number=number, now=now)


def stands(session: Any, number: str) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """The ticket's row and its clocks, those that never counted left out."""
    row = company.ticket(session, number)
    runs = session.scalars(select(Clock).where(Clock.ticket_id == row.id, Clock.state != "void").order_by(Clock.id))
    return {name: getattr(row, name) for name in ROW}, [tuple(getattr(run, name) for name in RUN) for run in runs]


def row_of(session: Any) -> Outbox:
    session.rollback()
    return session.scalars(select(Outbox).where(Outbox.kind == "callback").order_by(Outbox.id)).one()


def deliver(session: Any, now: datetime) -> list[str]:
    """What a worker would do at that moment."""
    ids = outbox.due(session, now)
    session.rollback()
    return [
        outbox.deliver(one, send=lambda row, _m: Result("sent"), prepare=lambda s, row: row.id, lease=60, clock=lambda: now,
                       settle=lambda s, row, result, at: callbacks.accepted(s, row, at))
        for one in ids
    ]  # fmt: skip


@pytest.mark.parametrize("claimed", [True, False])
def test_the_ticket_and_every_clock_are_what_they_were(cast: Cast, number: str, db_session: Any, claimed: bool) -> None:
    if claimed:
        replies.claim(actor=cast["site"], post=Post(number), now=NOON + timedelta(minutes=2))
    sweep.run(db_session, NOW)
    before = stands(db_session, number)
    answer(cast, number)
    assert stands(db_session, number) != before
    take_back(cast, number)
    assert stands(db_session, number) == before
    assert journal.verify(db_session, company.ticket(db_session, number).id) is None


def test_nothing_leaves_before_the_time_is_over_and_nothing_after_it_was_taken_back(
    cast: Cast, number: str, db_session: Any
) -> None:
    answer(cast, number)
    assert deliver(db_session, NOW + HOLD - timedelta(seconds=1)) == []
    take_back(cast, number)
    assert (row_of(db_session).state, row_of(db_session).next_try_at) == ("withdrawn", None)
    assert deliver(db_session, NOW + timedelta(hours=1)) == []


def test_after_the_time_it_leaves_and_cannot_be_taken_back(cast: Cast, number: str, db_session: Any) -> None:
    answer(cast, number)
    assert deliver(db_session, NOW + HOLD) == ["sent"]
    with pytest.raises(NotAllowed) as refused:
        take_back(cast, number, NOW + HOLD)
    assert refused.value.code == "undo_sent"
    assert company.ticket(db_session, number).state == "replied"


def test_the_time_is_over_also_where_no_worker_has_come_yet(cast: Cast, number: str) -> None:
    answer(cast, number)
    with pytest.raises(NotAllowed) as refused:
        take_back(cast, number, NOW + HOLD)
    assert refused.value.code == "undo_over"


def test_a_row_that_a_worker_has_claimed_is_on_its_way(cast: Cast, number: str, db_session: Any) -> None:
    answer(cast, number)
    row = row_of(db_session)
    row.state, row.token = "claimed", 1
    db_session.commit()
    with pytest.raises(NotAllowed) as refused:
        take_back(cast, number)
    assert refused.value.code == "undo_sent"


def test_a_worker_that_had_read_the_row_before_finds_nothing_to_send(cast: Cast, number: str, db_session: Any) -> None:
    answer(cast, number)
    row_id, sent = row_of(db_session).id, []
    take_back(cast, number)
    told = outbox.deliver(
        row_id, send=lambda row, m: sent.append(row) or Result("sent"), prepare=lambda s, r: 1, settle=lambda *a: None,
        lease=60, clock=lambda: NOW + HOLD,
    )  # fmt: skip
    assert (told, sent) == ("busy", [])


def test_the_same_again_does_nothing(cast: Cast, number: str, db_session: Any) -> None:
    answer(cast, number)
    take_back(cast, number)
    version = company.ticket(db_session, number).version
    assert take_back(cast, number).repeated
    assert company.ticket(db_session, number).version == version


@pytest.mark.parametrize(("who", "error"), [("site-manager", NotAllowed), ("lcs", NotAllowed), ("site-2", NotFound)])
def test_only_its_author_takes_it_back(cast: Cast, number: str, who: str, error: type[Exception]) -> None:
    answer(cast, number)
    with pytest.raises(error):
        take_back(cast, number, who=who)


def test_what_somebody_did_since_is_not_undone_with_it(cast: Cast, number: str, db_session: Any) -> None:
    answer(cast, number)
    company.tell(cast, "URGE", "U1", at=NOW + timedelta(seconds=5), now=NOW + timedelta(seconds=5))
    with pytest.raises(NotAllowed) as refused:
        take_back(cast, number)
    assert refused.value.code == "undo_moved_on"
    assert row_of(db_session).state == "pending"


@pytest.mark.parametrize("kind", ["picture_fetched", "picture_failed"])
def test_a_picture_of_the_complaint_that_comes_in_meanwhile_keeps_nobody_from_taking_back(
    cast: Cast, number: str, db_session: Any, kind: str
) -> None:
    before = stands(db_session, number)
    answer(cast, number)
    with write() as session:
        journal.append(session, company.ticket(session, number), kind, actor=SYSTEM, now=NOW + timedelta(seconds=5))
    assert undo.open_for(db_session, cast["site"], company.ticket(db_session, number), SOON) is not None
    db_session.rollback()
    take_back(cast, number)
    assert stands(db_session, number) == before


def test_promises_attempts_and_the_first_reply_that_it_made_do_not_count(
    cast: Cast, number: str, db_session: Any
) -> None:
    answer(cast, number, promises=[PromiseIn("call_back", NOW + timedelta(hours=3))])
    take_back(cast, number)
    assert db_session.scalars(select(Promise.state)).all() == ["dropped"]
    assert db_session.scalars(select(Draft)).one().values["promise_due_at"] == "2026-11-18T15:12"
    assert db_session.scalars(select(Contact)).all() == []
    late = NOON + timedelta(minutes=31)
    sweep.run(db_session, late)
    row = company.ticket(db_session, number)
    first = db_session.scalars(select(Clock).where(Clock.ticket_id == row.id, Clock.kind == "first_reply")).one()
    assert first.breached_at is not None and first.stopped_at is None


def test_a_late_result_that_is_taken_back_leaves_its_lateness_to_the_sweep(
    cast: Cast, number: str, db_session: Any
) -> None:
    late = NOON + timedelta(hours=30)
    before = stands(db_session, number)
    answer(cast, number, late)
    take_back(cast, number, late + timedelta(seconds=3))
    assert stands(db_session, number) == before
    sweep.run(db_session, late + timedelta(seconds=5))
    assert company.ticket(db_session, number).overdue


def test_the_words_stand_in_the_box_again_and_can_be_sent_corrected(cast: Cast, number: str, db_session: Any) -> None:
    answer(cast, number)
    take_back(cast, number)
    values = db_session.scalars(select(Draft)).one().values
    assert values == {
        "text": "已送到", "finding_signed_by": "本人", "contact_outcome": "reached_accepts", "action_taken": "redelivered",
    }  # fmt: skip
    answer(cast, number, SOON + timedelta(seconds=5))
    assert deliver(db_session, SOON + timedelta(seconds=5) + HOLD) == ["sent"]
    assert company.ticket(db_session, number).state == "replied"
    assert journal.verify(db_session, company.ticket(db_session, number).id) is None


def test_a_link_that_was_made_opens_nothing_any_more_and_its_sms_stays(cast: Cast, db_session: Any) -> None:
    complaint = ComplaintIn(
        text="没收到", category="FALSE_SIGN", waybill="YT0000000000009", channel="telephone", name="王小明",
        phone="13812345678", address="浙江省杭州市西湖区文三路 1 号", site_code="330106-01",
    )  # fmt: skip
    number = intake.manual(actor=cast["site"], complaint=complaint, key="k", now=NOON)
    before = stands(db_session, number)
    answer(cast, number)
    take_back(cast, number)
    assert stands(db_session, number) == before
    assert [link.expires_at for link in db_session.scalars(select(CustomerLink))] == [SOON]
    assert [row.state for row in db_session.scalars(select(Outbox))] == ["withdrawn"]


def test_of_a_batch_those_on_their_way_stay_answered_and_say_so(cast: Cast, db_session: Any) -> None:
    numbers = [company.push(cast, f"B{n}") for n in range(3)]
    result = ResultIn("{{单号}} 已送到", "reached_accepts")
    done = batch.result(actor=cast["site"], many=Many(numbers, {}, "k"), answer=result, now=NOW, hold=HOLD)
    assert [one.code for one in done] == ["", "", ""]
    taken = db_session.scalars(select(Outbox).order_by(Outbox.id)).first()
    taken.state = "sending"
    db_session.commit()
    back = undo.take_back_many(actor=cast["site"], numbers=numbers, now=SOON)
    assert [one.code for one in back] == ["undo_sent", "", ""]
    states = db_session.scalars(select(Ticket.state).order_by(Ticket.id)).all()
    assert states == ["replied", "open", "open"]


def test_without_a_hold_nothing_is_kept_and_it_leaves_at_once(cast: Cast, number: str, db_session: Any) -> None:
    answer(cast, number, hold=timedelta(0))
    assert db_session.scalars(select(ResultUndo)).all() == []
    assert deliver(db_session, NOW) == ["sent"]


def test_what_can_be_taken_back_no_more_is_forgotten_a_day_later(cast: Cast, number: str, db_session: Any) -> None:
    answer(cast, number)
    assert undo.sweep(NOW + HOLD) == 0
    assert undo.sweep(NOW + HOLD + undo.KEPT) == 1


def test_a_result_that_was_taken_back_is_none_of_the_months_results(cast: Cast, number: str, db_session: Any) -> None:
    answer(cast, number)
    take_back(cast, number)
    found = select(Event.id).where(results_in(Span.of("2026-11", NOW)))
    assert db_session.scalars(found).all() == []
    later = NOW + timedelta(days=20)
    assert month_checks.differences(db_session, "2026-11", later) == []
    answer(cast, number, SOON + HOLD)
    assert month_checks.differences(db_session, "2026-11", later) == []
