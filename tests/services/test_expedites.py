"""Expedites from the question to the answer: one ticket a parcel, whose promise is judged once, answered and closed in
one step, or made a complaint with its history."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotAllowed
from app.models import Category, Event, Survey, Ticket, WorkItem
from app.services import expedites, intake, scans
from app.services.desk import Post
from app.services.expedites import Answer
from app.services.intake import Arrival, ComplaintIn, Conflict
from app.services.scans import ScanIn
from app.services.scorecard_facts import Span, month_facts
from app.services.transaction import write
from tests.cast import NOON, Cast

QUERY = ComplaintIn(
    kind="expedite", category="PARCEL_QUERY", waybill="YT1234567890123", channel="wechat", text="快递到哪了",
    name="王小明", phone="13812345678", site_code="330106-01",
)  # fmt: skip
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def categories(cast: Cast) -> None:
    with write() as session:
        for code, kind in (("PARCEL_QUERY", "expedite"), ("ORDER", "expedite")):
            session.add(Category(code=code, name=code, name_en=code, kind=kind, position=0))


def ask(cast: Cast, key: str, asked: ComplaintIn = QUERY, *, now=NOON, body: bytes | None = None) -> expedites.Asked:
    arrival = Arrival(cast.connection_id, expedites.MESSAGE, body or f"{key}".encode(), now)
    return expedites.ask(arrival=arrival, message_id=key, asked=asked)


def ticket_of(session: Session, number: str) -> Ticket:
    session.expire_all()
    return session.scalars(select(Ticket).where(Ticket.number == number)).one()


def settle(cast: Cast, number: str, *, now=NOON + MINUTE, **more) -> None:
    answer = Answer(**{"outcome": "out_today", "text": "今天派送", **more})
    expedites.settle(actor=cast["site"], post=Post(number), answer=answer, now=now)


def test_a_question_goes_to_its_site_by_itself_and_has_clocks_but_not_the_laws(cast: Cast, db_session: Session) -> None:
    ticket = ticket_of(db_session, ask(cast, "m1").number)
    assert (ticket.kind, ticket.category, ticket.priority, ticket.channel) == (
        "expedite", "PARCEL_QUERY", "normal", "wechat",
    )  # fmt: skip
    assert ticket.handling_site_id == cast.places["330106-01"]
    started = db_session.scalars(select(Event.data).where(Event.type == "clock_started")).all()
    assert {row["kind"] for row in started} == {"accept", "first_reply", "resolve"}


def test_the_same_message_again_does_nothing_and_another_body_under_its_id_is_refused(
    cast: Cast, db_session: Session
) -> None:
    first = ask(cast, "m1")
    assert ask(cast, "m1") == first
    with pytest.raises(Conflict):
        ask(cast, "m1", body=b"something else")
    assert ticket_of(db_session, first.number).repeat_count == 0


def test_asking_again_on_the_same_waybill_counts_up(cast: Cast, db_session: Session) -> None:
    first = ask(cast, "m1")
    again = ask(cast, "m2", replace(QUERY, channel="telephone", waybill="yt 1234567890123"), now=NOON + MINUTE)
    assert again == expedites.Asked(first.number, 2)
    assert ticket_of(db_session, first.number).priority == "urgent"
    assert len(db_session.scalars(select(Ticket)).all()) == 1


def test_asking_again_soon_after_the_reply_brings_it_back(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "m1").number
    settle(cast, number)
    assert ask(cast, "m2", now=NOON + timedelta(days=1)).number == number
    assert ticket_of(db_session, number).state == "in_progress"
    settle(cast, number, now=NOON + timedelta(days=1, hours=1))
    assert ask(cast, "m3", now=NOON + timedelta(days=10)).number != number


def test_a_complaint_on_the_parcel_is_another_ticket(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "m1").number
    complaint = ComplaintIn(text="没收到", category="LOST", waybill=QUERY.waybill, channel="telephone")
    assert intake.manual(actor=cast["ccs"], complaint=complaint, key="k", now=NOON) != number
    assert ask(cast, "m2").times == 2


def test_the_reply_closes_it_at_once_without_a_survey(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "m1").number
    settle(cast, number)
    ticket = ticket_of(db_session, number)
    assert (ticket.state, ticket.next_clock, ticket.closed_at) == ("closed", "", NOON + MINUTE)
    assert ticket.owner_id == cast["site"].user_id
    assert db_session.scalars(select(WorkItem)).all() == []
    assert db_session.scalars(select(Survey)).all() == []


@pytest.mark.parametrize(
    ("more", "field"),
    [({"text": " "}, "text"), ({"outcome": "collected"}, "outcome"), ({"contact_outcome": "x"}, "contact_outcome")],
)
def test_a_reply_needs_its_words_and_what_was_found(cast: Cast, more: dict, field: str) -> None:
    number = ask(cast, "m1").number
    with pytest.raises(Invalid) as refused:
        settle(cast, number, **more)
    assert set(refused.value.fields) == {field}


def test_nobody_but_its_site_replies(cast: Cast) -> None:
    number = ask(cast, "m1").number
    for who in ("lcs", "ccs"):
        with pytest.raises(NotAllowed):
            expedites.settle(actor=cast[who], post=Post(number), answer=Answer("held", "x"), now=NOON)


@pytest.mark.parametrize(
    ("collected", "named", "signed", "found"),
    [
        (None, None, None, ""),
        (timedelta(hours=71), None, None, "inside"),
        (timedelta(hours=73), None, None, "outside"),
        (timedelta(hours=73), MINUTE, None, "inside"),
        (timedelta(hours=71), -MINUTE, None, "outside"),
        (timedelta(hours=80), None, timedelta(hours=20), "inside"),
    ],
)
def test_the_parcels_promise_is_judged_once_when_somebody_asks(
    cast: Cast, db_session: Session, collected, named, signed, found: str
) -> None:
    rows = [("COLLECT", collected), ("SIGN", signed)]
    scans.store_scans(
        scans=[ScanIn(QUERY.waybill, kind, NOON - ago, "330106-01") for kind, ago in rows if ago is not None], now=NOON
    )
    asked = replace(QUERY, promised_by=NOON + named if named else None)
    number = ask(cast, "m1", asked).number
    assert ticket_of(db_session, number).delivery_promise == found
    ask(cast, "m2", now=NOON + timedelta(days=3))
    assert ticket_of(db_session, number).delivery_promise == found


def test_what_waits_for_its_collection_goes_to_the_site_of_origin_and_has_a_day(
    cast: Cast, db_session: Session
) -> None:
    asked = replace(QUERY, category="ORDER", complainant_kind="sender", waybill="D12345678", site_code="",
                    ordered_at=NOON - timedelta(hours=25))  # fmt: skip
    ticket = ticket_of(db_session, ask(cast, "m1", asked).number)
    assert (ticket.category, ticket.delivery_promise, ticket.queue) == ("ORDER", "outside", "tray")


def test_after_two_reminders_it_may_become_a_complaint_with_its_history(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "m1").number
    ask(cast, "m2", now=NOON + MINUTE)
    turned = {"actor": cast["site"], "post": Post(number), "category": "DELAYED", "text": "", "now": NOON + 3 * MINUTE}
    with pytest.raises(NotAllowed):
        expedites.turn(**turned)
    ask(cast, "m3", now=NOON + 2 * MINUTE)
    done = expedites.turn(**turned)
    complaint, old = ticket_of(db_session, done.number), ticket_of(db_session, number)
    assert (complaint.kind, complaint.category, complaint.priority) == ("complaint", "DELAYED", "urgent")
    assert (complaint.previous_id, old.state, old.next_clock) == (old.id, "closed", "")
    assert complaint.handling_site_id == old.handling_site_id
    made = db_session.scalars(select(Event.data).where(Event.type == "made_of_expedite")).one()
    assert made == {"number": number, "expedite_id": old.id, "times": 3}


def test_a_parcel_that_has_a_complaint_gets_a_repeat_of_it(cast: Cast, db_session: Session) -> None:
    complaint = ComplaintIn(text="没收到", category="LOST", waybill=QUERY.waybill, channel="telephone")
    standing = intake.manual(actor=cast["ccs"], complaint=complaint, key="k", now=NOON)
    number = {ask(cast, key).number for key in ("m1", "m2", "m3")}.pop()
    done = expedites.turn(
        actor=cast["site"], post=Post(number, None, "once"), category="DELAYED", text="还没到", now=NOON + MINUTE
    )
    assert done.number == standing and ticket_of(db_session, standing).repeat_count == 1
    again = expedites.turn(
        actor=cast["site"], post=Post(number, None, "once"), category="DELAYED", text="还没到", now=NOON + MINUTE
    )
    assert (again.number, again.repeated) == (standing, True)
    assert ticket_of(db_session, standing).repeat_count == 1


def test_a_complaint_is_made_only_with_a_category_of_complaints(cast: Cast) -> None:
    number = {ask(cast, key).number for key in ("m1", "m2", "m3")}.pop()
    for category in ("", "ORDER", "NOTHING"):
        with pytest.raises(Invalid):
            expedites.turn(actor=cast["site"], post=Post(number), category=category, text="", now=NOON)


def test_no_scorecard_counts_it(cast: Cast, db_session: Session) -> None:
    settle(cast, ask(cast, "m1").number)
    now = NOON + timedelta(days=20)
    assert not any(vars(one).get("tickets") for one in month_facts(db_session, Span.of("2026-11", now)).values())
