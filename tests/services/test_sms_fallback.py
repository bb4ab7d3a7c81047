"""What does not arrive goes further once: to the manager, then to the province, and every ticket says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.models import Clock, Event, Organisation, Outbox, Reminder, SmsFallback
from app.services import courier_sms, duty, reminders, replies, sms_fallback, sweep
from app.services.courier_sms import CourierIn
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket
from tests.services.sms_portal import portal_fixture, there_fixture  # noqa: F401

MIN = timedelta(minutes=1)
SITE = "330106-01"
DUTY, MANAGER, PROVINCE = "13800000003", "13911110009", "13800000001"


def sms(session) -> list[tuple[str, list[str]]]:
    """Whom the SMS went to, in their order, with the tickets they speak of; without the province's own."""
    session.rollback()
    found = session.scalars(select(Outbox).where(Outbox.kind == "sms").order_by(Outbox.id))
    return [(row.payload["phone"], row.payload["tickets"]) for row in found]


def undelivered(session) -> list[dict]:
    session.rollback()
    return [
        event.data for event in session.scalars(select(Event).where(Event.type == "sms_undelivered").order_by(Event.id))
    ]


def only_first_reply(session) -> None:
    """Other clocks of the cast's tickets would ring by themselves."""
    session.execute(update(Clock).where(Clock.kind != "first_reply").values(next_stage_at=None))
    session.commit()


def fail(phone: str, now, code: str = "E") -> int:
    """The last SMS to that phone did not arrive; told twice, as a receipt and a gateway would."""
    with write() as session:
        row = session.scalars(
            select(Outbox).where(Outbox.lane == f"phone:{phone}").order_by(Outbox.id.desc()).limit(1)
        ).one()
        row.state, row.next_try_at = "failed", None
        for _ in range(2):
            sms_fallback.note(session, row, code, now)
        return row.id


def settle(session, now) -> None:
    for _ in range(2):
        sms_fallback.run(session, now)
        reminders.bundle(session, now)


def told_once(cast: Cast, session, *numbers: str) -> list[str]:
    tickets = [push(cast, f"W{n}") for n in range(len(numbers) or 1)]
    only_first_reply(session)
    sweep.run(session, NOON + 16 * MIN)
    reminders.bundle(session, NOON + 16 * MIN)
    return tickets


def test_a_reminder_that_did_not_arrive_goes_to_the_manager_and_then_to_the_province_and_no_further(
    cast, db_session
) -> None:
    duty.set_manager_phone(actor=cast["site-manager"], code="", phone=MANAGER)
    (number,) = told_once(cast, db_session)
    assert sms(db_session) == [(DUTY, [number])]
    fail(DUTY, NOON + 17 * MIN)
    settle(db_session, NOON + 17 * MIN)
    assert sms(db_session)[1:] == [(MANAGER, [number])]
    fail(MANAGER, NOON + 18 * MIN)
    settle(db_session, NOON + 18 * MIN)
    assert sms(db_session)[2:] == [(PROVINCE, [number])]
    fail(PROVINCE, NOON + 19 * MIN)
    settle(db_session, NOON + 19 * MIN)
    assert len(sms(db_session)) == 3
    assert [(data["to"], data["next"]) for data in undelivered(db_session)] == [
        ("138******03", 1), ("139******09", 2), ("138******01", 0),
    ]  # fmt: skip


def test_without_a_manager_the_province_is_told_at_once(cast: Cast, db_session) -> None:
    (number,) = told_once(cast, db_session)
    fail(DUTY, NOON + 17 * MIN)
    settle(db_session, NOON + 17 * MIN)
    assert sms(db_session)[1:] == [(PROVINCE, [number])]


def test_the_province_is_told_on_the_phone_that_is_on_duty_there(cast: Cast, db_session) -> None:
    entry = duty.EntryIn("值班", "13911110003", "daily", "08:00", "20:00")
    duty.add(actor=cast["lcs"], code="", entry=entry, now=NOON)
    told_once(cast, db_session)
    fail(DUTY, NOON + 17 * MIN)
    settle(db_session, NOON + 17 * MIN)
    assert [phone for phone, _tickets in sms(db_session)] == [DUTY, "13911110003"]


def test_every_ticket_of_the_message_says_so_and_moves_nowhere(cast: Cast, db_session) -> None:
    numbers = told_once(cast, db_session, "a", "b")
    before = ticket(db_session, numbers[0]).activity_at
    fail(DUTY, NOON + 17 * MIN)
    settle(db_session, NOON + 17 * MIN)
    assert len(undelivered(db_session)) == 2
    assert sms(db_session)[1] == (PROVINCE, sorted(numbers))
    assert ticket(db_session, numbers[0]).activity_at == before


def test_a_manager_who_holds_the_phone_himself_is_not_told_the_same_again(cast: Cast, db_session) -> None:
    duty.set_manager_phone(actor=cast["site-manager"], code="", phone=DUTY)
    told_once(cast, db_session)
    fail(DUTY, NOON + 17 * MIN)
    settle(db_session, NOON + 17 * MIN)
    assert [phone for phone, _tickets in sms(db_session)] == [DUTY, PROVINCE]


def test_a_new_managers_number_starts_nothing_anew(cast: Cast, db_session) -> None:
    for at, phone in ((17, MANAGER), (18, "13911110010"), (19, "13911110011")):
        duty.set_manager_phone(actor=cast["site-manager"], code="", phone=phone)
        if at == 17:
            told_once(cast, db_session)
        fail(DUTY if at == 17 else MANAGER if at == 18 else PROVINCE, NOON + at * MIN)
        settle(db_session, NOON + at * MIN)
    assert [phone for phone, _tickets in sms(db_session)] == [DUTY, MANAGER, PROVINCE]


def test_what_was_answered_meanwhile_goes_to_nobody(cast: Cast, db_session) -> None:
    (number,) = told_once(cast, db_session)
    answer = ResultIn(text="已处理", contact_outcome="reached_accepts")
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON + 17 * MIN)
    fail(DUTY, NOON + 18 * MIN)
    settle(db_session, NOON + 18 * MIN)
    assert len(sms(db_session)) == 1
    assert [data["next"] for data in undelivered(db_session)] == [0]


def test_the_manager_sleeps_at_night_and_the_province_does_not(cast: Cast, db_session) -> None:
    duty.set_manager_phone(actor=cast["site-manager"], code="", phone=MANAGER)
    told_once(cast, db_session)
    night = NOON + timedelta(hours=11)
    fail(DUTY, night)
    settle(db_session, night)
    assert len(sms(db_session)) == 1
    reminders.bundle(db_session, NOON + timedelta(hours=20))
    assert [phone for phone, _tickets in sms(db_session)] == [DUTY, MANAGER]
    with write() as session:
        session.execute(update(Reminder).where(Reminder.phone == MANAGER).values(created_at=night))
    fail(MANAGER, night + timedelta(hours=24))
    settle(db_session, night + timedelta(hours=23, minutes=59))
    settle(db_session, night + timedelta(hours=24))
    assert sms(db_session)[-1][0] == PROVINCE


def test_the_managers_phone_is_left_alone_for_ten_minutes_too(cast: Cast, db_session) -> None:
    duty.set_manager_phone(actor=cast["site-manager"], code="", phone=MANAGER)
    told_once(cast, db_session)
    fail(DUTY, NOON + 17 * MIN)
    settle(db_session, NOON + 17 * MIN)
    push(cast, "W9", now=NOON + 5 * MIN)
    only_first_reply(db_session)
    for at in (27, 28):
        sweep.run(db_session, NOON + at * MIN)
        reminders.bundle(db_session, NOON + at * MIN)
    fail(DUTY, NOON + 26 * MIN)
    for at, n in ((26, 1), (27, 2)):
        settle(db_session, NOON + at * MIN)
        assert [phone for phone, _tickets in sms(db_session)].count(MANAGER) == n


def test_nothing_older_than_a_day_is_handed_on(cast: Cast, db_session) -> None:
    told_once(cast, db_session)
    late = NOON + timedelta(hours=25)
    fail(DUTY, late)
    settle(db_session, late)
    assert [phone for phone, _tickets in sms(db_session)] == [DUTY]


@pytest.mark.parametrize("code", sms_fallback.NEVER_LEFT)
def test_what_was_not_to_go_out_any_more_is_no_failure(cast: Cast, db_session, code: str) -> None:
    told_once(cast, db_session)
    fail(DUTY, NOON + 17 * MIN, code)
    settle(db_session, NOON + 17 * MIN)
    assert undelivered(db_session) == [] and len(sms(db_session)) == 1


def test_a_message_that_cannot_be_settled_stops_no_other(cast: Cast, db_session, monkeypatch) -> None:
    told_once(cast, db_session)
    first = fail(DUTY, NOON + 17 * MIN)
    real = sms_fallback._settle

    def poisoned(session, row_id, now):
        if row_id == first:
            raise RuntimeError("poison")
        real(session, row_id, now)

    monkeypatch.setattr(sms_fallback, "_settle", poisoned)
    assert [sms_fallback.run(db_session, NOON + at * MIN) for at in (17, 18, 23)] == [1, 0, 1]
    monkeypatch.undo()
    settle(db_session, NOON + 40 * MIN)
    assert len(undelivered(db_session)) == 1


def tell_courier(portal) -> tuple[str, int]:
    number = push(portal.cast)
    message = CourierIn("courier_delivery", name="李四", phone="13911110007", request="call", due_at=NOON + 60 * MIN)
    courier_sms.tell(actor=portal.cast["site"], post=post(number), message=message, now=NOON)
    portal.session.rollback()
    return number, portal.session.scalars(select(Outbox.id).where(Outbox.key.startswith("courier_sms"))).one()


def test_a_courier_who_was_not_reached_stands_in_the_ticket_and_nobody_else_is_written_to(portal, there) -> None:
    portal.use("aliyun")
    with write() as session:
        from app.models import SmsTemplate

        session.add(
            SmsTemplate(
                driver="aliyun",
                purpose="courier_delivery",
                code="T-c",
                text="请${request}处理这件",
                state="approved",
                updated_at=NOON,
            )
        )
    number, row_id = tell_courier(portal)
    assert portal.deliver(row_id) == "sent"
    there.report(delivered=False)
    portal.push("aliyun", there.push_body("aliyun", copies=2))
    settle(portal.session, NOON + 5 * MIN)
    (data,) = undelivered(portal.session)
    assert (data["kind"], data["to"]) == ("courier", "139******07")
    assert ticket(portal.session, number).activity_at == NOON + 5 * MIN
    assert len(sms(portal.session)) == 1


def test_a_gateways_refusal_and_a_bad_receipt_both_lead_on(portal, there) -> None:
    portal.use("tencent")
    (number,) = told_once(portal.cast, portal.session)
    row_id = portal.session.scalars(select(Outbox.id).where(Outbox.kind == "sms")).one()
    portal.later(minutes=16)
    there.mode = "limit"
    assert portal.deliver(row_id) == "failed"
    settle(portal.session, portal.now)
    there.mode = "ok"
    assert sms(portal.session)[1:] == [(PROVINCE, [number])]
    further = portal.session.scalars(select(Outbox.id).where(Outbox.lane == f"phone:{PROVINCE}")).one()
    assert portal.deliver(further) == "sent"
    there.report(delivered=False)
    portal.push("tencent", there.push_body("tencent"))
    settle(portal.session, portal.now)
    assert portal.session.query(SmsFallback).count() == 2 and len(sms(portal.session)) == 2
    assert portal.session.scalars(select(Organisation.manager_phone).where(Organisation.code == SITE)).one() == ""
