"""Urging many sites at once: over what is late or due at once, once in 30 minutes, one SMS a phone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotFound
from app.models import Event, Outbox, Reminder, Ticket
from app.services import board_urges, journal, reminders, replies, superior
from app.services.board_urges import Urged
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
BOTH = ("330106-01", "330108-01")


def urge(
    cast: Cast, codes: tuple[str, ...] = BOTH, who: str = "lcs", now: datetime = NOON, key: str = ""
) -> list[Urged]:
    return board_urges.urge(actor=cast[who], province="33", codes=codes, key=key, now=now)


def urges(session: Any) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).where(Event.type == "site_urged")) or 0)


def sms(session: Any) -> list[Outbox]:
    session.rollback()
    return list(session.scalars(select(Outbox).where(Outbox.kind == "sms").order_by(Outbox.id)))


def test_what_is_late_and_what_is_due_within_thirty_minutes_is_urged(cast: Cast, db_session: Any) -> None:
    late, soon = push(cast, "W1", now=NOON - HOUR), push(cast, "W2", now=NOON)
    calm = push(cast, "W3", now=NOON)
    replies.follow_up(
        actor=cast["site"], post=post(calm), text="已联系", contact_outcome="no_answer",
        next_update_at=NOON + 3 * HOUR, now=NOON,
    )  # fmt: skip
    assert urge(cast) == [Urged("330106-01", 2), Urged("330108-01", 0, "nothing_pressing")]
    assert ticket(db_session, late).urged_at == NOON == ticket(db_session, soon).urged_at
    assert ticket(db_session, calm).urged_at is None
    assert journal.verify(db_session, ticket(db_session, late).id) is None


def test_a_ticket_is_urged_once_in_thirty_minutes_whoever_urges(cast: Cast, db_session: Any) -> None:
    number = push(cast, "W1", now=NOON - HOUR)
    superior.urge_site(actor=cast["ccs"], post=post(number), now=NOON - 10 * MIN)
    assert urge(cast)[0] == Urged("330106-01", 0, "urged_lately")
    assert urge(cast, now=NOON + 20 * MIN)[0] == Urged("330106-01", 1)
    assert urges(db_session) == 2


def test_the_same_form_twice_is_one_urge_with_the_same_answer(cast: Cast, db_session: Any) -> None:
    push(cast, "W1", now=NOON - HOUR)
    first = urge(cast, key="form")
    assert urge(cast, key="form", now=NOON + MIN) == first == [Urged(BOTH[0], 1), Urged(BOTH[1], 0, "nothing_pressing")]
    assert urges(db_session) == 1


def test_a_used_key_of_somebody_else_is_no_urge_of_theirs(cast: Cast, db_session: Any) -> None:
    push(cast, "W1", now=NOON - HOUR)
    assert urge(cast, key="form")[0].tickets == 1
    push(cast, "W2", waybill="YT9999999999992", now=NOON - HOUR)
    assert urge(cast, who="lcs-manager", key="form")[0].tickets == 1
    assert urges(db_session) == 2


def test_the_duty_phone_gets_one_sms_over_all_tickets(cast: Cast, db_session: Any) -> None:
    numbers = [push(cast, f"W{n}", now=NOON - HOUR) for n in range(4)]
    urge(cast)
    assert sms(db_session) == []  # it goes with the next bundle
    assert reminders.bundle(db_session, NOON + MIN) == 1
    (row,) = sms(db_session)
    assert row.payload["phone"] == "13800000003" and row.payload["tickets"] == sorted(numbers)
    assert row.payload["variables"]["count"] == 4
    assert reminders.bundle(db_session, NOON + 30 * MIN) == 0
    told = db_session.scalar(select(func.count()).where(Event.type == "reminded"))
    assert told == 4 and "13800000003" not in str([one.data for one in db_session.scalars(select(Event))])


def test_a_phone_whose_message_cannot_be_written_costs_no_other_its_reminder(
    cast: Cast, db_session: Any, monkeypatch: Any
) -> None:
    push(cast, "W1", now=NOON - HOUR)
    push(cast, "W2", site="330108-01", waybill="YT9999999999992", now=NOON - HOUR)
    urge(cast)
    phones, real = sorted(db_session.scalars(select(Reminder.phone).distinct())), reminders._write_sms

    def odd(session: Any, phone: str, *given: Any) -> int:
        if phone == phones[0]:
            raise ValueError("odd")
        return real(session, phone, *given)

    monkeypatch.setattr(reminders, "_write_sms", odd)
    db_session.rollback()
    assert len(phones) == 2 and reminders.bundle(db_session, NOON + MIN) == 1
    assert [row.payload["phone"] for row in sms(db_session)] == phones[1:]


def test_ten_minutes_lie_between_two_sms_and_the_night_waits_for_the_morning(cast: Cast, db_session: Any) -> None:
    push(cast, "W1", now=NOON - HOUR)
    urge(cast)
    assert reminders.bundle(db_session, NOON) == 1
    push(cast, "W2", now=NOON)
    urge(cast, now=NOON + 5 * MIN)
    assert [reminders.bundle(db_session, NOON + n * MIN) for n in (6, 9, 10)] == [0, 0, 1]
    evening = datetime.fromisoformat("2026-11-18T22:30+08:00")
    urge(cast, now=evening)
    assert reminders.bundle(db_session, evening + MIN) == 0
    assert reminders.bundle(db_session, datetime.fromisoformat("2026-11-19T08:00+08:00")) == 1


def test_a_site_that_has_answered_meanwhile_is_not_told(cast: Cast, db_session: Any) -> None:
    number = push(cast, "W1", now=NOON - HOUR)
    urge(cast)
    replies.result(actor=cast["site"], post=post(number), answer=ResultIn("好", "reached_accepts"), now=NOON + MIN)
    assert reminders.bundle(db_session, NOON + 2 * MIN) == 0
    assert db_session.scalars(select(Reminder.dropped)).all() == ["stopped"]


def test_a_second_urge_is_told_again(cast: Cast, db_session: Any) -> None:
    push(cast, "W1", now=NOON - HOUR)
    for n in (0, 31):
        urge(cast, now=NOON + n * MIN)
        assert reminders.bundle(db_session, NOON + n * MIN) == 1
    assert db_session.scalars(select(Reminder.stage).order_by(Reminder.stage)).all() == ["lcs_1", "lcs_2"]


def test_only_the_ten_most_pressing_tickets_of_a_site_are_urged(
    cast: Cast, db_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_urges, "EACH", 2)
    numbers = [push(cast, f"W{n}", now=NOON - (n + 1) * HOUR / 2) for n in range(3)]
    assert urge(cast)[0] == Urged("330106-01", 2)
    urged = set(db_session.scalars(select(Ticket.number).where(Ticket.urged_at.is_not(None))))
    assert urged == set(numbers[1:])
    assert urge(cast, now=NOON + MIN)[0] == Urged("330106-01", 1)


def test_one_site_outside_the_province_and_nothing_is_done_at_all(cast: Cast, db_session: Any) -> None:
    push(cast, "W1", now=NOON - HOUR)
    with pytest.raises(NotFound):
        urge(cast, ("330106-01", "440305-01"))
    assert urges(db_session) == 0


@pytest.mark.parametrize(("who", "may"), [("lcs-manager", True), ("ccs", True), ("lcs-2", False), ("site", False)])
def test_the_own_province_and_headquarters_urge_and_nobody_else(
    cast: Cast, db_session: Any, who: str, may: bool
) -> None:
    push(cast, "W1", now=NOON - HOUR)
    if may:
        assert urge(cast, who=who)[0].tickets == 1
        return
    with pytest.raises(NotFound):
        urge(cast, who=who)


@pytest.mark.parametrize(("codes", "code"), [((), "required"), (tuple(map(str, range(101))), "too_many_sites")])
def test_none_and_too_many_are_refused(cast: Cast, db_session: Any, codes: tuple[str, ...], code: str) -> None:
    with pytest.raises(Invalid) as wrong:
        urge(cast, codes)
    assert wrong.value.fields == {"sites": code}


def test_a_site_without_a_phone_is_urged_on_record(cast: Cast, db_session: Any) -> None:
    from app.models import Organisation

    with write() as session:
        session.get_one(Organisation, cast.places["330106-01"]).duty_phone = ""
    push(cast, "W1", now=NOON - HOUR)
    assert urge(cast)[0] == Urged("330106-01", 1)
    assert db_session.scalar(select(func.count()).select_from(Reminder)) == 0
