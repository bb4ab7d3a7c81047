"""Waiting for the customer: the site's clocks stand still, once a round, until anything is heard (rulebook 4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.errors import NotAllowed, NotFound
from app.models import Clock, Event, Pause, WorkItem
from app.services import journal, replies, sweep, waiting
from app.services.replies import ResultIn
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.test_contacts import call

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
TRIED = NOON + 7 * HOUR


def tried(cast: Cast, code: str = "W1") -> str:
    """A claimed ticket, first answered in time, whose customer was called three times without an answer."""
    number = push(cast, code)
    replies.claim(actor=cast["site"], post=post(number), now=NOON + MIN)
    replies.follow_up(
        actor=cast["site"], post=post(number), text="在联系", contact_outcome="no_answer",
        next_update_at=TRIED, now=NOON + 2 * MIN,
    )  # fmt: skip
    for hours in (3, 6):
        call(cast, number, "no_answer", NOON + hours * HOUR)
    return number


def wait(cast: Cast, number: str, at=TRIED, who: str = "site") -> None:
    waiting.wait(actor=cast[who], post=post(number), now=at)


def resolve(session, number: str, run: int = 1) -> Clock:
    row = ticket(session, number)
    statement = select(Clock).where(Clock.ticket_id == row.id, Clock.kind == "resolve", Clock.run == run)
    return session.scalars(statement).one()


def why(session) -> list[str]:
    return [
        event.data["why"]
        for event in session.scalars(select(Event).where(Event.type == "waiting_over").order_by(Event.id))
    ]


def test_the_clock_gets_back_what_was_left_when_the_waiting_began(cast: Cast, db_session) -> None:
    number = tried(cast)
    before = resolve(db_session, number).due_at
    wait(cast, number)
    row = ticket(db_session, number)
    assert (row.queue, row.waiting_until, resolve(db_session, number).state) == ("waiting", TRIED + 24 * HOUR, "paused")
    waiting.resume(actor=cast["site"], post=post(number), now=TRIED + 5 * HOUR)
    row = ticket(db_session, number)
    assert (row.queue, row.waiting_until) == ("working", None)
    assert resolve(db_session, number).due_at == before + 5 * HOUR
    assert journal.verify(db_session, row.id) is None


def test_a_ticket_that_waits_is_nobodys_turn(cast: Cast, db_session) -> None:
    number = tried(cast)
    wait(cast, number)
    scope = cast.places["330106-01"]
    item = db_session.scalars(select(WorkItem).where(WorkItem.scope == scope)).one()
    assert (item.queue, item.turn) == ("waiting", False)
    replies.note(actor=cast["lcs"], post=post(number), text="继续等", now=TRIED + HOUR)
    assert ticket(db_session, number).queue == "waiting"


def test_without_the_attempts_nobody_waits(cast: Cast) -> None:
    number = push(cast)
    replies.claim(actor=cast["site"], post=post(number), now=NOON)
    with pytest.raises(NotAllowed) as error:
        wait(cast, number, NOON + MIN)
    assert (error.value.code, error.value.detail["missing"]) == ("attempts_missing", 3)


def test_for_a_customer_who_was_reached_nobody_waits(cast: Cast) -> None:
    number = tried(cast)
    call(cast, number, "reached_denies", NOON + 6.5 * HOUR)
    with pytest.raises(NotAllowed) as error:
        wait(cast, number)
    assert error.value.code == "customer_reached"


def test_once_a_round(cast: Cast, db_session) -> None:
    number = tried(cast)
    wait(cast, number)
    waiting.resume(actor=cast["site"], post=post(number), now=TRIED + MIN)
    with pytest.raises(NotAllowed) as error:
        wait(cast, number, TRIED + 2 * MIN)
    assert error.value.code == "waited_already"
    said = ResultIn("多次联系未果", "")
    replies.result(actor=cast["site"], post=post(number), answer=said, now=TRIED + 3 * MIN)
    again = TRIED + HOUR
    tell(cast, "REPEAT", at=again, now=again)
    for hours in (1, 14, 17):
        call(cast, number, "no_answer", again + hours * HOUR)
    wait(cast, number, again + 18 * HOUR)
    row = ticket(db_session, number)
    assert row.waiting_until is not None
    assert sorted(db_session.scalars(select(Pause.round))) == [1, 2]
    waiting.resume(actor=cast["site"], post=post(number), now=again + 19 * HOUR)
    assert ticket(db_session, number).queue == "returned"


def test_it_runs_out_after_a_day_however_late_the_sweep_looks(cast: Cast, db_session) -> None:
    number = tried(cast)
    before = resolve(db_session, number).due_at
    wait(cast, number)
    sweep.run(db_session, TRIED + 24 * HOUR - MIN)
    assert ticket(db_session, number).waiting_until is not None
    for _ in range(2):
        sweep.run(db_session, TRIED + 26 * HOUR)
    assert ticket(db_session, number).waiting_until is None
    assert resolve(db_session, number).due_at == before + 24 * HOUR
    assert why(db_session) == ["over"]


def test_anything_that_is_heard_ends_it(cast: Cast, db_session) -> None:
    ends = {
        "platform": lambda number, code: tell(cast, "URGE", code, at=TRIED + HOUR, now=TRIED + HOUR),
        "contact": lambda number, code: call(cast, number, "reached_accepts", TRIED + HOUR - MIN),
        "reply": lambda number, code: replies.follow_up(
            actor=cast["site"], post=post(number), text="已有消息", contact_outcome="", now=TRIED + HOUR,
            next_update_at=TRIED + 9 * HOUR,
        ),
    }  # fmt: skip
    for place, (reason, happens) in enumerate(ends.items()):
        number = tried(cast, f"E{place}")
        before = resolve(db_session, number).due_at
        wait(cast, number)
        happens(number, f"E{place}")
        assert ticket(db_session, number).waiting_until is None, reason
        assert resolve(db_session, number).due_at == before + HOUR, reason
    assert why(db_session) == list(ends)


def test_the_customers_press_on_an_older_link_ends_it(cast: Cast, db_session) -> None:
    from app.services import customer_link
    from app.services.intake import ComplaintIn, manual

    words = {"text": "没收到", "category": "FALSE_SIGN", "waybill": "YT9999888877776", "phone": "13812345678"}
    complaint = ComplaintIn(channel="telephone", site_code="330106-01", **words)
    number = manual(actor=cast["site"], complaint=complaint, key="k1", now=NOON)
    said = ResultIn("已处理", "reached_accepts")
    done = replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON + MIN)
    manual(actor=cast["site"], complaint=complaint, key="k2", now=NOON + 2 * MIN)  # a repeat: back to work
    for hours in (1, 4, 7):
        call(cast, number, "no_answer", NOON + hours * HOUR)
    wait(cast, number, NOON + 8 * HOUR)
    customer_link.answer(token=done.link, verdict="solved", comment="", now=NOON + 9 * HOUR)
    assert (ticket(db_session, number).waiting_until, why(db_session)) == (None, ["link"])


def test_an_attempt_that_reaches_nobody_does_not_end_it(cast: Cast, db_session) -> None:
    number = tried(cast)
    wait(cast, number)
    call(cast, number, "busy", TRIED + HOUR)
    assert ticket(db_session, number).waiting_until is not None


def test_a_result_ends_it_and_stops_the_clock_in_time(cast: Cast, db_session) -> None:
    number = tried(cast)
    wait(cast, number)
    late = TRIED + 20 * HOUR  # after the old due, inside the waiting
    replies.result(actor=cast["site"], post=post(number), answer=ResultIn("未联系上", ""), now=late)
    assert (resolve(db_session, number).state, ticket(db_session, number).waiting_until) == ("met", None)
    assert why(db_session) == ["reply"]


def test_a_withdrawn_ticket_waits_no_longer(cast: Cast, db_session) -> None:
    number = tried(cast)
    wait(cast, number)
    tell(cast, "CANCEL", at=TRIED + HOUR, now=TRIED + HOUR)
    row = ticket(db_session, number)
    assert (row.state, row.waiting_until) == ("withdrawn", None)
    assert db_session.scalars(select(Pause.ended_at)).one() == TRIED + HOUR


MAY_WAIT = {
    "site": True, "site-manager": True, "site-2": None, "site-3": None, "lcs": False, "lcs-manager": False,
    "lcs-2": None, "ccs": False, "ccs-manager": False, "admin": None,
}  # fmt: skip


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", MAY_WAIT)
def test_who_may_wait_and_go_on(cast: Cast, db_session, who: str) -> None:
    number = tried(cast)
    refusal = NotFound if MAY_WAIT[who] is None else NotAllowed
    if not MAY_WAIT[who]:
        with pytest.raises(refusal):
            wait(cast, number, who=who)
        wait(cast, number)
        with pytest.raises(refusal):
            waiting.resume(actor=cast[who], post=post(number), now=TRIED + HOUR)
        return
    wait(cast, number, who=who)
    waiting.resume(actor=cast[who], post=post(number), now=TRIED + HOUR)
    assert why(db_session) == ["asked"]
