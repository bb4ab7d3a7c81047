"""Calls to the customer: on record, timed by the server, and what a result needs of them (rulebook 3.8, 3.4, 7.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import Clock, Contact, Event, FreeText, Person, Reveal
from app.services import contacts, replies
from app.services.replies import ResultIn
from tests.cast import NOON, Cast, post, push, tell, ticket

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)


def call(cast: Cast, number: str, outcome: str, at=NOON, *, who: str = "site", seconds: int = 60, **answers: str):
    called = contacts.start(actor=cast[who], post=post(number), now=at)
    contacts.end(
        actor=cast[who], post=post(number), contact_id=called.contact_id, outcome=outcome, answers=answers,
        now=at + timedelta(seconds=seconds),
    )  # fmt: skip
    return called


def answer(cast: Cast, number: str, at, outcome: str = "no_answer", code: str = "") -> None:
    said = ResultIn(text="已多次联系未果", contact_outcome=outcome, no_contact_code=code)
    replies.result(actor=cast["site"], post=post(number), answer=said, now=at)


def entries(session, number: str, kind: str) -> list[Event]:
    row = ticket(session, number)
    return list(session.scalars(select(Event).where(Event.ticket_id == row.id, Event.type == kind).order_by(Event.seq)))


def test_a_call_shows_the_number_on_record_and_counts_the_time_on_the_server(cast: Cast, db_session) -> None:
    number = push(cast)
    called = call(cast, number, "no_answer", seconds=75)
    assert called.shown.phone == "13812345678"
    assert db_session.scalar(select(func.count()).select_from(Reveal)) == 1
    row = db_session.scalars(select(Contact)).one()
    assert (row.outcome, row.seconds, row.started_at) == ("no_answer", 75, NOON)
    event = entries(db_session, number, "contact")[0]
    data = {"outcome": "no_answer", "seconds": 75, "started_at": NOON.isoformat(), "contact_id": row.id}
    assert event.data == data | {"site_id": cast.places["330106-01"]} and row.event_id == event.id


def test_pressed_again_the_timer_runs_on_and_the_look_is_on_record_again(cast: Cast, db_session) -> None:
    number = push(cast)
    first = contacts.start(actor=cast["site"], post=post(number), now=NOON)
    again = contacts.start(actor=cast["site"], post=post(number), now=NOON + MIN)
    assert (again.contact_id, again.started_at) == (first.contact_id, NOON)
    assert db_session.scalar(select(func.count()).select_from(Reveal)) == 2
    later = contacts.start(actor=cast["site"], post=post(number), now=NOON + 2 * HOUR)
    assert later.contact_id != first.contact_id


def test_a_call_has_one_outcome_and_only_from_whoever_called(cast: Cast, db_session) -> None:
    number, other = push(cast), push(cast, "W2")
    called = contacts.start(actor=cast["site"], post=post(number), now=NOON)
    for who, where in (("site-manager", number), ("site", other)):
        with pytest.raises(NotAllowed):
            contacts.end(
                actor=cast[who], post=post(where), contact_id=called.contact_id, outcome="busy", answers={}, now=NOON
            )
    ending = {"actor": cast["site"], "contact_id": called.contact_id, "answers": {}, "now": NOON + MIN}
    with pytest.raises(Invalid):
        contacts.end(post=post(number), outcome="", **ending)
    done = contacts.end(post=post(number, "k"), outcome="busy", **ending)
    assert contacts.end(post=post(number, "k"), outcome="busy", **ending).event_id == done.event_id
    with pytest.raises(NotAllowed):
        contacts.end(post=post(number), outcome="no_answer", **ending)
    assert db_session.scalar(select(func.count()).where(Event.type == "contact")) == 1


MAY_CALL = {
    "site": True, "site-manager": True, "site-2": None, "site-3": None, "lcs": False, "lcs-manager": False,
    "lcs-2": None, "ccs": False, "ccs-manager": False, "admin": None,
}  # fmt: skip


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", MAY_CALL)
def test_who_may_call_the_customer(cast: Cast, db_session, who: str) -> None:
    number = push(cast)
    if MAY_CALL[who]:
        assert contacts.start(actor=cast[who], post=post(number), now=NOON).shown.phone
        return
    with pytest.raises(NotFound if MAY_CALL[who] is None else NotAllowed):
        contacts.start(actor=cast[who], post=post(number), now=NOON)
    assert db_session.scalar(select(func.count()).select_from(Reveal)) == 0


def test_without_a_number_nobody_is_called_and_nothing_is_recorded(cast: Cast, db_session) -> None:
    number = push(cast)
    db_session.execute(update(Person).values(phone=""))
    db_session.commit()
    with pytest.raises(NotAllowed):
        contacts.start(actor=cast["site"], post=post(number), now=NOON)
    assert db_session.scalar(select(func.count()).select_from(Reveal)) == 0


def test_the_answers_of_the_script_stand_in_a_text_and_not_in_the_entry(cast: Cast, db_session) -> None:
    number = push(cast)
    call(cast, number, "reached_denies", signed_self="否", signer="门卫张师傅", unasked="x")
    event = entries(db_session, number, "contact")[0]
    body = db_session.get(FreeText, event.text_id).body
    assert body["answers"] == {"signed_self": "否", "signer": "门卫张师傅"} and "门卫张师傅" in body["text"]
    assert "门卫" not in str(event.data)


def test_a_result_without_a_reached_customer_needs_three_attempts_in_two_parts_of_the_day(
    cast: Cast, db_session
) -> None:
    number = push(cast)  # noon: afternoon in Shanghai
    call(cast, number, "no_answer", NOON)
    call(cast, number, "busy", NOON + 2 * HOUR)
    with pytest.raises(Invalid) as error:
        answer(cast, number, NOON + 4 * HOUR)
    assert error.value.fields == {"contact_outcome": "attempts_missing"}
    assert error.value.detail == {"missing": 1, "next_at": NOON + 6 * HOUR}
    answer(cast, number, NOON + 6 * HOUR)  # its own outcome is the third attempt
    assert ticket(db_session, number).state == "replied"
    assert db_session.scalar(select(func.count()).select_from(Contact)) == 3


def test_a_customer_reached_earlier_in_the_round_is_enough(cast: Cast, db_session) -> None:
    number = push(cast)
    call(cast, number, "reached_accepts")
    answer(cast, number, NOON + HOUR, outcome="")
    assert ticket(db_session, number).state == "replied"


def test_a_new_round_needs_attempts_of_its_own(cast: Cast) -> None:
    number = push(cast)
    call(cast, number, "reached_accepts")
    answer(cast, number, NOON + MIN, outcome="")
    tell(cast, "REPEAT", at=NOON + HOUR, now=NOON + HOUR)
    with pytest.raises(Invalid) as error:
        answer(cast, number, NOON + 2 * HOUR, outcome="")
    assert error.value.fields == {"contact_outcome": "required"}


def test_an_answer_that_the_platform_refuses_begins_no_new_round(cast: Cast, db_session) -> None:
    from app.models import Outbox
    from app.services import callbacks
    from app.services.transaction import write

    number = push(cast)
    call(cast, number, "reached_accepts")
    answer(cast, number, NOON + MIN, outcome="")
    with write() as session:
        callbacks.refused(session, session.scalars(select(Outbox)).one(), "E", "缺凭证", NOON + HOUR)
    answer(cast, number, NOON + 2 * HOUR, outcome="")
    assert ticket(db_session, number).state == "replied"


@pytest.mark.parametrize("code", ["number_expired", "no_number", "customer_refuses_contact", "platform_forbids"])
def test_a_code_says_why_nobody_can_be_reached(cast: Cast, db_session, code: str) -> None:
    number = push(cast)
    answer(cast, number, NOON + MIN, outcome="", code=code)
    assert entries(db_session, number, "result")[0].data["no_contact_code"] == code
    asked = entries(db_session, number, "number_requested")
    assert len(asked) == (1 if code == "number_expired" else 0)  # rulebook 7.4
    for kind in ("first_reply", "resolve"):
        assert db_session.scalars(select(Clock.state).where(Clock.kind == kind)).one() == "met"


def test_an_invented_code_is_refused(cast: Cast) -> None:
    number = push(cast)
    with pytest.raises(Invalid) as error:
        answer(cast, number, NOON, outcome="", code="lazy")
    assert error.value.fields == {"no_contact_code": "required"}


def test_a_follow_up_counts_with_an_attempt_within_it_or_before(cast: Cast, db_session) -> None:
    number = push(cast)
    news = {"actor": cast["site"], "post": post(number), "text": "在核实", "next_update_at": NOON + 5 * HOUR}
    with pytest.raises(Invalid) as error:
        replies.follow_up(contact_outcome="", now=NOON, **news)
    assert error.value.fields == {"contact_outcome": "required"}
    call(cast, number, "no_answer")
    with pytest.raises(Invalid) as error:
        replies.follow_up(contact_outcome="", now=NOON + 2 * MIN, **news | {"next_update_at": None})
    assert error.value.fields == {"next_update_at": "required"}
    assert ticket(db_session, number).first_reply_at is None
    replies.follow_up(contact_outcome="", now=NOON + 2 * MIN, **news)
    assert ticket(db_session, number).first_reply_at == NOON + 2 * MIN


def test_the_next_news_come_within_the_time_of_the_law(cast: Cast, db_session) -> None:
    """Else the first reply were stopped by news for the year 2100."""
    number = push(cast)
    news = {"actor": cast["site"], "post": post(number), "text": "在核实", "contact_outcome": "busy", "now": NOON}
    with pytest.raises(Invalid) as error:
        replies.follow_up(next_update_at=NOON + 7 * 24 * HOUR + MIN, **news)
    assert error.value.fields == {"next_update_at": "news_too_far"}
    assert ticket(db_session, number).first_reply_at is None
    replies.follow_up(next_update_at=NOON + 7 * 24 * HOUR, **news)
    assert ticket(db_session, number).first_reply_at == NOON


def test_a_result_carries_what_the_calls_found_out_and_who_delivered(cast: Cast, db_session) -> None:
    number = push(cast)
    call(cast, number, "reached_denies", NOON, signed_self="否", agreed="否", signer="不认识")
    call(cast, number, "reached_accepts", NOON + HOUR, signer="门卫张师傅")
    said = ResultIn("已重新派送", "", signed_by="门卫张师傅", courier="李四", action_taken="redelivered")
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON + 2 * HOUR)
    event = entries(db_session, number, "result")[0]
    body = db_session.get(FreeText, event.text_id).body
    assert body["findings"] == {"signed_self": "否", "agreed": "否", "signer": "门卫张师傅"}
    assert (body["signed_by"], body["courier"], event.data["action_taken"]) == ("门卫张师傅", "李四", "redelivered")
    assert not [word for word in ("门卫", "李四") if word in str(event.data)]
    tell(cast, "REPEAT", at=NOON + 3 * HOUR, now=NOON + 3 * HOUR)
    call(cast, number, "reached_accepts", NOON + 4 * HOUR)
    replies.result(actor=cast["site"], post=post(number), answer=ResultIn("好", ""), now=NOON + 5 * HOUR)
    again = db_session.get(FreeText, entries(db_session, number, "result")[1].text_id).body
    assert again["findings"] == {}  # another round has its own calls
