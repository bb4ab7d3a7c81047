"""A call about a result is a logged call: it counts as an attempt and proves what was promised (rulebook 3.8, 3.9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain import contacts as rule
from app.domain.errors import Invalid
from app.models import Contact, Outbox, Promise
from app.services import callbacks, contacts, promises, verdicts
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket
from tests.services.ending_steps import FINE, answer, by_hand, events

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)


def told(cast: Cast, number: str, now: Any, outcome: str = "told", who: str = "site") -> None:
    verdicts.told(actor=cast[who], post=post(number), outcome=outcome, text="已告知处理结果", now=now)


def logged(session: Any, number: str) -> list[tuple[str, Any, int]]:
    row = ticket(session, number)
    return [(one.outcome, one.started_at, one.seconds) for one in contacts.of(session, row)]


def test_each_word_of_the_complainant_is_one_logged_contact_of_the_entry(cast: Cast, db_session: Any) -> None:
    number = by_hand(cast)
    answer(cast, number)
    told(cast, number, NOON + HOUR)
    told(cast, number, NOON + 2 * HOUR, "told_other")
    verdicts.customer_accepts(actor=cast["site"], post=post(number), text="认可", now=NOON + 3 * HOUR)
    verdicts.customer_rejects(actor=cast["ccs"], post=post(number), text="反悔", now=NOON + 4 * HOUR)
    assert [(outcome, at) for outcome, at, _seconds in logged(db_session, number)] == [
        ("reached_accepts", NOON), ("told", NOON + HOUR), ("told_other", NOON + 2 * HOUR),
        ("reached_accepts", NOON + 3 * HOUR), ("rejects", NOON + 4 * HOUR),
    ]  # fmt: skip
    written = {
        kind: events(db_session, number, kind)[0].id for kind in ("told", "customer_accepts", "customer_rejects")
    }
    known = set(db_session.scalars(select(Contact.event_id)))
    assert set(written.values()) <= known


def test_the_same_press_twice_is_one_contact(cast: Cast, db_session: Any) -> None:
    number = by_hand(cast)
    answer(cast, number)
    for _ in range(2):
        verdicts.told(actor=cast["site"], post=post(number, "k"), outcome="told", text="已告知", now=NOON + HOUR)
    assert [outcome for outcome, *_more in logged(db_session, number)] == ["reached_accepts", "told"]


def test_the_call_that_is_on_ends_with_what_was_said_in_it(cast: Cast, db_session: Any) -> None:
    number = by_hand(cast)
    answer(cast, number)
    contacts.start(actor=cast["site"], post=post(number), now=NOON + HOUR)
    told(cast, number, NOON + HOUR + 3 * MIN)
    assert logged(db_session, number)[1:] == [("told", NOON + HOUR, 180)]
    assert db_session.scalars(select(Contact).where(Contact.outcome == "")).all() == []


@pytest.mark.parametrize(("outcome", "proves"), [("told", True), ("told_other", False), ("reached_denies", True)])
def test_a_promised_call_is_kept_by_telling_the_complainant_and_nobody_else(
    cast: Cast, db_session: Any, outcome: str, proves: bool
) -> None:
    number = by_hand(cast)
    answer(cast, number)
    promises.make(actor=cast["site"], post=post(number), promise=PromiseIn("call_back", NOON + 5 * HOUR), now=NOON)
    told(cast, number, NOON + HOUR, outcome)
    known = db_session.scalars(select(Promise.id)).one()
    db_session.rollback()
    try:
        promises.keep(actor=cast["site"], post=post(number), promise_id=known, proof="call", now=NOON + 2 * HOUR)
    except Invalid as refused:
        assert refused.fields == {"proof": "no_call_since"}
    assert (ticket(db_session, number).open_promises == 0) == proves


def test_after_a_refused_answer_the_talk_about_it_is_contact_enough_for_the_next(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    answer(cast, number, said=ResultIn("已处理", "", no_contact_code="customer_refuses_contact"))
    told(cast, number, NOON + HOUR)
    with write() as session:
        callbacks.refused(session, session.scalars(select(Outbox)).one(), "E1", "缺少签收人", NOON + 2 * HOUR)
    answer(cast, number, NOON + 3 * HOUR, ResultIn("补充签收人", ""))
    assert ticket(db_session, number).state == "replied"


def test_reached_means_the_complainant_in_person() -> None:
    assert {
        "reached_accepts",
        "reached_denies",
        "told",
        "rejects",
    } == rule.REACHED and FINE.contact_outcome in rule.REACHED
