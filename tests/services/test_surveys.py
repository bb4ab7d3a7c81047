"""The question after closing: asked once, not at night, one reminder, one rating, and the call-back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.surveys import token
from app.models import (
    Courier,
    CustomerLink,
    DutyShift,
    Organisation,
    Outbox,
    Party,
    PartyCase,
    Person,
    Survey,
    SurveyCall,
    Ticket,
)
from app.models.ids import new_id
from app.services import alarms, journal, replies, survey_answers, survey_view, survey_work, surveys, verdicts
from app.services.survey_answers import CallIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, ticket
from tests.services.ending_steps import answer, by_hand, change, events

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEY = "k" * 32
CLOSED = NOON + 2 * HOUR


def closed(
    cast: Cast, *, phone: str = "13812345678", cause: str = "courier", at=CLOSED, waybill="YT1000000000011"
) -> str:
    """A telephone complaint that its site has closed."""
    number = by_hand(cast, waybill, phone=phone)
    answer(cast, number)
    verdicts.customer_accepts(actor=cast["site"], post=post(number), text="客户认可", now=NOON + HOUR)
    replies.close(actor=cast["site"], post=post(number), root_cause=cause, verified=True, now=at)
    return number


def survey_of(session, number: str) -> Survey:
    session.rollback()
    return session.scalars(select(Survey).join(Ticket).where(Ticket.number == number)).one()


def messages(session) -> list[Outbox]:
    session.rollback()
    rows = session.scalars(select(Outbox).where(Outbox.kind == "sms").order_by(Outbox.id))
    return [row for row in rows if row.payload["template"] == "survey_link"]


def link(session, number: str, now=CLOSED) -> str:
    """The link as its SMS would carry it."""
    with write() as inner:
        row = inner.scalars(select(Outbox).where(Outbox.key == f"survey:{survey_of(session, number).id}:asked")).one()
        assert surveys.complete(inner, row, now, KEY)
        found = str(row.payload["variables"]["token"])
        assert row.payload["phone"] == "13812345678"
        inner.expunge(row)
    return found


def test_a_closed_complaint_is_asked_about_once_and_the_outbox_holds_neither_number_nor_link(cast, db_session) -> None:
    number = closed(cast)
    row, sms = survey_of(db_session, number), messages(db_session)
    assert (row.site_id, row.asked_at, row.remind_at) == (cast.places["330106-01"], CLOSED, CLOSED + 3 * DAY)
    assert row.expires_at == CLOSED + 14 * DAY and row.score is None
    assert [one.payload["phone"] for one in sms] == [""] and sms[0].next_try_at == CLOSED
    assert link(db_session, number) == token(KEY, row.id)
    assert events(db_session, number, "survey_asked")[0].data["to"] == "138******78"
    verdicts.customer_rejects(actor=cast["site"], post=post(number), text="又反悔", now=CLOSED + HOUR)
    change(db_session, number, state="replied", queue="replied", customer_accepted=True)
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=CLOSED + 3 * HOUR)
    assert len(messages(db_session)) == 1


def test_it_is_not_sent_at_night(cast: Cast, db_session) -> None:
    closed(cast, at=NOON + 11 * HOUR)  # 23:00
    assert messages(db_session)[0].next_try_at == NOON + 20 * HOUR  # 08:00


@pytest.mark.parametrize("whose", ["duty phone", "manager", "roster", "courier"])
def test_a_site_that_complains_about_itself_is_not_asked_how_content_it_is(cast: Cast, db_session, whose: str) -> None:
    phone, site = "13911112222", cast.places["330106-01"]
    with write() as inner:
        place = inner.get_one(Organisation, site)
        if whose == "duty phone":
            place.duty_phone = phone
        elif whose == "manager":
            place.manager_phone = "+86 139 1111 2222"
        elif whose == "courier":
            inner.add(
                Courier(id=new_id(), organisation_id=site, kind="courier", name="李四", phone=phone, active=False)
            )
        else:
            inner.add(DutyShift(
                id=new_id(), organisation_id=site, name="李四", phone=phone, weekday=1, from_time="08:00",
                until_time="20:00", created_at=NOON, ended_at=NOON,
            ))  # fmt: skip
    number = closed(cast, phone=phone)
    assert messages(db_session) == [] and list(db_session.scalars(select(Survey))) == []
    closed(cast, waybill="YT1000000000012")
    assert len(messages(db_session)) == 1
    ((alarm, *_who),) = alarms.listed(db_session, cast["lcs"])
    assert (alarm.kind, alarm.organisation_id, alarm.data) == ("own_number", site, {"number": number})
    assert alarms.listed(db_session, cast["lcs-2"]) == []


@pytest.mark.parametrize("phone", ["", "0571-88886666", "13812345678转1234"])
def test_without_a_mobile_number_nobody_is_asked(cast: Cast, db_session, phone: str) -> None:
    closed(cast, phone=phone)
    assert messages(db_session) == [] and list(db_session.scalars(select(Survey))) == []


def test_a_ticket_that_is_worked_again_sends_no_question(cast: Cast, db_session) -> None:
    number = closed(cast)
    verdicts.customer_rejects(actor=cast["site"], post=post(number), text="没有解决", now=CLOSED + HOUR)
    with write() as session:
        row = session.scalars(select(Outbox).where(Outbox.key.startswith("survey:"))).one()
        assert not surveys.complete(session, row, CLOSED + HOUR, KEY)


def test_opening_the_link_records_nothing_and_a_press_does_once(cast: Cast, db_session) -> None:
    number = closed(cast)
    found = link(db_session, number)
    version = ticket(db_session, number).version
    for _ in range(3):
        assert survey_answers.show(db_session, found, CLOSED).score is None
    db_session.rollback()
    assert ticket(db_session, number).version == version and survey_of(db_session, number).score is None
    at = CLOSED + DAY
    said = survey_answers.rate(token=found, score=4, comment="态度不错", now=at)
    assert (said.score, said.comment, said.rated_at) == (4, "态度不错", at)
    again = survey_answers.rate(token=found, score=1, comment="改主意了", now=at + HOUR)
    assert (again.score, again.comment) == (4, "态度不错")
    row, rated = survey_of(db_session, number), events(db_session, number, "rated")
    assert (row.score, row.rated_at, row.counted, row.rated_by, row.remind_at) == (4, at, True, "link", None)
    assert [one.data for one in rated] == [
        {"survey_id": row.id, "site_id": row.site_id, "score": 4, "counted": True, "by": "link"}
    ]
    assert journal.verify(db_session, row.ticket_id) is None
    assert ticket(db_session, number).state == "closed"


@pytest.mark.parametrize(
    ("score", "comment", "field"), [(0, "", "score"), (6, "", "score"), (None, "", "score"), (3, "长" * 301, "comment")]
)
def test_what_is_no_rating_is_refused(cast: Cast, db_session, score, comment, field) -> None:
    found = link(db_session, closed(cast))
    with pytest.raises(Invalid) as wrong:
        survey_answers.rate(token=found, score=score, comment=comment, now=CLOSED)
    assert set(wrong.value.fields) == {field}


def test_a_link_ends_and_an_unknown_one_looks_the_same(cast: Cast, db_session) -> None:
    found = link(db_session, closed(cast))
    for wrong, at in ((found, CLOSED + 14 * DAY), ("A" * 22, CLOSED), ("x", CLOSED), (found + "A", CLOSED)):
        with pytest.raises(NotFound):
            survey_answers.rate(token=wrong, score=5, comment="", now=at)
    assert (
        list(db_session.scalars(select(CustomerLink.id).where(CustomerLink.token_hash == surveys.digest(found)))) == []
    )


@pytest.mark.parametrize(
    ("cause", "share", "counted"), [("hub", None, False), ("courier", 60, False), ("courier", 20, True)]
)
def test_another_partys_trouble_is_shown_and_does_not_count(cast: Cast, db_session, cause, share, counted) -> None:
    number = closed(cast, cause=cause)
    if share is not None:
        with write() as session:
            row = session.scalars(select(Ticket).where(Ticket.number == number)).one()
            other = cast.places["330108-01"]
            session.add(
                PartyCase(
                    id=new_id(), ticket_id=row.id, organisation_id=other, share=share, added_at=NOON, state="ruled"
                )
            )
            session.add(
                Party(
                    ticket_id=row.id, organisation_id=other, province_id=cast.places["33"], role="party", added_at=NOON
                )
            )
    survey_answers.rate(token=link(db_session, number), score=1, comment="", now=CLOSED)
    assert survey_of(db_session, number).counted is counted
    assert events(db_session, number, "rated")[0].data["counted"] is counted


def test_one_reminder_after_three_days_and_a_call_back_after_two_more(cast: Cast, db_session) -> None:
    number = closed(cast)
    assert survey_work.run(db_session, CLOSED + 3 * DAY - HOUR) == 0
    assert survey_work.run(db_session, CLOSED + 3 * DAY) == 1
    assert survey_work.run(db_session, CLOSED + 4 * DAY) == 0
    row = survey_of(db_session, number)
    assert (row.reminded_at, row.call_due_at) == (CLOSED + 3 * DAY, CLOSED + 5 * DAY)
    assert [one.key.rsplit(":")[-1] for one in messages(db_session)] == ["asked", "reminded"]
    assert len(events(db_session, number, "survey_reminded")) == 1
    assert survey_view.due(db_session, cast["ccs"], CLOSED + 5 * DAY - HOUR) == []
    assert [one.number for one in survey_view.due(db_session, cast["ccs"], CLOSED + 5 * DAY)] == [number]


def test_who_has_rated_is_not_reminded(cast: Cast, db_session) -> None:
    number = closed(cast)
    survey_answers.rate(token=link(db_session, number), score=5, comment="", now=CLOSED)
    assert survey_work.run(db_session, CLOSED + 3 * DAY) == 0
    assert len(messages(db_session)) == 1


def test_a_low_rating_is_called_back_and_tried_again_after_four_hours(cast: Cast, db_session) -> None:
    number = closed(cast)
    survey_answers.rate(token=link(db_session, number), score=2, comment="太慢", now=CLOSED)
    row = survey_of(db_session, number)
    assert [one.comment for one in survey_view.due(db_session, cast["ccs"], CLOSED)] == ["太慢"]
    assert survey_view.due(db_session, cast["lcs-2"], CLOSED) == []
    survey_answers.log_call(actor=cast["ccs"], survey_id=row.id, call=CallIn("no_answer"), now=CLOSED)
    assert survey_of(db_session, number).call_due_at == CLOSED + 4 * HOUR
    with pytest.raises(Invalid):
        survey_answers.log_call(actor=cast["ccs"], survey_id=row.id, call=CallIn("reached", 5), now=CLOSED + 4 * HOUR)
    survey_answers.log_call(actor=cast["ccs"], survey_id=row.id, call=CallIn("busy"), now=CLOSED + 4 * HOUR)
    assert survey_of(db_session, number).call_due_at is None and survey_of(db_session, number).score == 2
    with pytest.raises(NotAllowed):
        survey_answers.log_call(actor=cast["ccs"], survey_id=row.id, call=CallIn("reached"), now=CLOSED + 5 * HOUR)
    assert [e.data["outcome"] for e in events(db_session, number, "called_back")] == ["no_answer", "busy"]
    assert len(list(db_session.scalars(select(SurveyCall)))) == 2


def test_a_rating_taken_on_the_telephone_counts_as_one_by_call_in_its_own_month(cast: Cast, db_session) -> None:
    number = closed(cast)
    survey_work.run(db_session, CLOSED + 3 * DAY)
    at = CLOSED + 20 * DAY  # the link has ended, and so has the month of the closing
    call = CallIn("reached", 2, "客户说还可以更快")
    survey_answers.log_call(actor=cast["ccs"], survey_id=survey_of(db_session, number).id, call=call, now=at)
    row = survey_of(db_session, number)
    assert (row.score, row.rated_at, row.rated_by, row.call_due_at) == (2, at, "call", None)
    assert events(db_session, number, "rated")[0].data["by"] == "call"


@pytest.mark.parametrize(
    ("call", "field"),
    [(CallIn(""), "outcome"), (CallIn("busy", 3), "score"), (CallIn("reached", 9), "score"), (CallIn("reached", None, "x" * 301), "text")],
)  # fmt: skip
def test_a_call_that_says_nothing_is_refused(cast: Cast, db_session, call, field) -> None:
    with pytest.raises(Invalid) as wrong:
        survey_answers.log_call(actor=cast["ccs"], survey_id=1, call=call, now=NOON)
    assert set(wrong.value.fields) == {field}


def test_a_deleted_number_is_written_to_no_more(cast: Cast, db_session) -> None:
    number = closed(cast)
    with write() as session:
        session.execute(update(Person).values(phone=""))
    with write() as session:
        row = session.scalars(select(Outbox).where(Outbox.key.startswith("survey:"))).one()
        assert not surveys.complete(session, row, CLOSED, KEY)
    assert survey_of(db_session, number).score is None
