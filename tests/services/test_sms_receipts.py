"""Receipts: one for each message, whatever comes how often and from whom."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.failpoints import armed
from app.jobs import gateways as jobs
from app.models import PushRefusal, SmsReceipt
from app.services import sms_receipts
from tests.services.sms_portal import VENDORS, portal_fixture, there_fixture  # noqa: F401


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_receipt_is_stored_once_however_often_it_comes(portal, there, db_session, vendor):
    portal.use(vendor)
    row_id = portal.reminder()
    portal.deliver(row_id)
    there.report(delivered=True)
    body = there.push_body(vendor, copies=3)
    assert portal.push(vendor, body) == sms_receipts.Taken(1, 2, 0)
    there.accepted[0].delivered = False
    assert portal.push(vendor, there.push_body(vendor)) == sms_receipts.Taken(0, 1, 0)
    receipt = db_session.scalars(select(SmsReceipt)).one()
    assert (receipt.outbox_id, receipt.delivered) == (row_id, True)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_forged_receipt_leaves_a_count_and_nothing_else(portal, there, db_session, vendor):
    portal.use(vendor)
    row_id = portal.reminder()
    portal.deliver(row_id)
    there.report()
    row = portal.row(row_id)
    forged = [
        there.push_body(vendor, serial="9" * 20, phone="13900000000"),
        there.push_body(vendor, phone="13900000000"),
        there.push_body("aliyun" if vendor == "tencent" else "tencent", serial=row.external_id) or b"[]",
    ]
    for body in forged[:2]:
        assert portal.push(vendor, body).foreign == 1
    other = "aliyun" if vendor == "tencent" else "tencent"
    there.accepted[0].vendor = other
    assert portal.push(other, there.push_body(other)).foreign == 1, "the id of one gateway means nothing at another"
    assert db_session.scalars(select(SmsReceipt)).all() == []
    counts = {r.connection: (r.reason, r.n) for r in db_session.scalars(select(PushRefusal))}
    assert counts == {f"sms:{vendor}": ("UNKNOWN_RECEIPT", 2), f"sms:{other}": ("UNKNOWN_RECEIPT", 1)}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_receipt_for_a_message_in_doubt_settles_it_without_a_question(portal, there, vendor):
    portal.use(vendor)
    row_id = portal.reminder()
    there.mode = "accept_and_lose"
    assert portal.deliver(row_id) == "unknown"
    there.mode = "ok"
    there.report()
    assert portal.push(vendor, there.push_body(vendor)).new == 1
    row = portal.row(row_id)
    assert (row.state, row.next_try_at, row.external_id) == ("sent", None, there.accepted[0].serial)
    portal.turns(row_id, 20)
    assert there.actions == ["SendSms"]


def test_a_receipt_that_comes_before_our_own_book_keeping_is_kept(portal, there):
    portal.use("aliyun")
    row_id = portal.reminder()

    def early(step: str) -> None:
        if step == "outbox.sent":
            there.report()
            assert portal.push("aliyun", there.push_body("aliyun")).new == 1

    with armed(early):
        assert portal.deliver(row_id) == "sent"
    assert portal.row(row_id).external_id == there.accepted[0].serial


def test_two_messages_in_doubt_at_one_phone_are_not_mixed_up_by_phone_and_time(portal, there):
    portal.use("tencent")
    there.mode = "accept_and_lose"
    rows = [portal.reminder(n) for n in (1, 2)]
    for row_id in rows:
        assert portal.deliver(row_id) == "unknown"
    there.mode = "ok"
    there.report()
    assert portal.push("tencent", there.push_body("tencent")).foreign == 2
    for row_id in rows:
        portal.turns(row_id, 20)
    assert sorted(portal.row(r).external_id for r in rows) == sorted(m.serial for m in there.accepted)
    assert len(there.accepted) == 2


@pytest.mark.parametrize("vendor", VENDORS)
def test_receipts_are_fetched_where_the_gateway_has_to_be_asked(portal, there, db_session, vendor):
    portal.use(vendor, receipts="pull")
    row_id = portal.reminder()
    portal.deliver(row_id)
    there.report(delivered=False)
    portal.later(minutes=1)
    assert jobs.pull() == 1
    portal.later(minutes=2)
    assert jobs.pull() == 0
    assert sms_receipts.of_rows(db_session, [row_id])[row_id].delivered is False


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_gateway_is_asked_for_receipts_once_a_minute_however_many_ask(portal, there, vendor):
    portal.use(vendor, receipts="pull")
    portal.deliver(portal.reminder())
    portal.later(minutes=1)
    for _ in range(3):
        assert jobs.pull() == 0
    assert len(there.actions) == 2
    portal.later(minutes=1)
    jobs.pull()
    assert len(there.actions) == 3


def test_a_worker_that_was_about_to_ask_finds_that_a_receipt_was_quicker(portal, there):
    portal.use("aliyun")
    row_id = portal.reminder()
    there.mode = "accept_and_lose"
    portal.deliver(row_id)
    there.mode = "ok"
    there.report()
    portal.later(minutes=2)

    def quicker(step: str) -> None:
        if step == "outbox.claimed":
            assert portal.push("aliyun", there.push_body("aliyun")).new == 1

    with armed(quicker):
        assert portal.deliver(row_id) == "busy"
    assert portal.row(row_id).state == "sent" and there.actions == ["SendSms"]


def test_a_gateway_that_pushes_is_not_asked(portal, there):
    portal.use("aliyun")
    portal.deliver(portal.reminder())
    assert jobs.pull() == 0 and there.actions == ["SendSms"]
