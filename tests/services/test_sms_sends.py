"""What leaves by SMS, and that killed, lost and hanging sends are never doubled (promise 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from signal import SIGKILL

import pytest

from app.failpoints import armed
from app.services import gateways, outbox
from tests.cast import NOON
from tests.failing import Killed, dying, kill
from tests.services.sms_portal import (
    PHONE,
    SOON,
    VENDORS,
    portal_fixture,  # noqa: F401
    quick,
    there_fixture,  # noqa: F401
)

# --- what goes out ---


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_reminder_leaves_through_the_chosen_gateway_in_the_approved_text(portal, there, vendor):
    portal.use(vendor)
    row_id = portal.reminder()
    assert portal.deliver(row_id) == "sent"
    (message,) = there.accepted
    assert (message.vendor, message.phone, message.template, message.out_id) == (
        vendor, PHONE, "T-due_soon", str(row_id),
    )  # fmt: skip
    assert message.values == ["4", "8821", "受理", "12分钟", "14:30"]
    assert portal.row(row_id).external_id == message.serial


def test_a_bundle_with_something_overdue_has_a_text_of_its_own(portal, there):
    portal.use("aliyun")
    portal.deliver(portal.reminder(variables={**SOON, "overdue": 2, "waybill_tail": ""}))
    assert (there.accepted[0].template, there.accepted[0].values) == ("T-overdue", ["4", "2", "无", "受理", "14:30"])


@pytest.mark.parametrize("tail", ["【1】", "a.cn", "1\u202e23", "\x1b[3M", "１２３４5"])
def test_no_platforms_waybill_costs_a_desk_the_reminder_of_all_that_is_bundled_with_it(portal, there, tail):
    portal.use("aliyun")
    assert portal.deliver(portal.reminder(variables={**SOON, "waybill_tail": tail})) == "sent"
    assert there.accepted[0].values[1] == "无"


def test_without_a_chosen_gateway_the_console_takes_the_message(portal, there, app, tmp_path):
    known = app.extensions["kuaifu"]
    app.extensions["kuaifu"] = replace(known, data_dir=tmp_path)
    try:
        assert portal.deliver(portal.reminder()) == "sent"
    finally:
        app.extensions["kuaifu"] = known
    assert there.accepted == [] and (tmp_path / "sms-gateway.jsonl").exists()


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ({**SOON, "due_time": "http://a.cn"}, "long_value"),
        ({**SOON, "due_time": "【1】"}, "brackets"),
        ({"count": 1, "overdue": 0}, "template_values"),
    ],
)
def test_values_that_must_not_leave_are_refused_before_the_gateway_sees_them(portal, there, variables, fault):
    portal.use("tencent")
    row_id = portal.reminder(variables=variables)
    assert portal.deliver(row_id) == "failed"
    assert portal.row(row_id).error == fault and there.actions == []


def test_nothing_older_than_a_day_goes_out_after_a_restore(portal, there):
    portal.use("aliyun")
    row_id = portal.reminder()
    portal.later(hours=25)
    assert portal.deliver(row_id) == "failed"
    assert portal.row(row_id).error == "too_old" and there.accepted == []


def test_a_message_without_an_approved_text_waits_visibly_and_goes_when_there_is_one(portal, there):
    portal.use("aliyun")
    row_id = portal.reminder()
    gateways.save_template(
        actor=portal.cast["admin"], driver="aliyun", purpose="due_soon", code="", text="旧的模板，请重写", state="rejected",
        now=NOON,
    )  # fmt: skip
    assert portal.deliver(row_id) == "pending"
    assert portal.row(row_id).error == "no_template" and there.actions == []
    portal.use("aliyun")
    assert portal.turns(row_id, 11).state == "sent"


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_surely_did_not_arrive_is_tried_again_after_the_pause_that_the_gateway_wants(portal, there, vendor):
    portal.use(vendor)
    there.mode = "fail"
    there.code = {"tencent": "LimitExceeded.PhoneNumberOneHourLimit", "aliyun": "isv.BUSINESS_LIMIT_CONTROL.hour"}[
        vendor
    ]
    row_id = portal.reminder()
    assert portal.deliver(row_id) == "pending"
    there.mode = "ok"
    assert portal.turns(row_id, 59).state == "pending"
    assert portal.turns(row_id, 2).state == "sent"
    assert len(there.accepted) == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_days_limit_fails_visibly_and_is_not_tried_again(portal, there, vendor):
    portal.use(vendor)
    there.mode = "limit"
    row_id = portal.reminder()
    assert portal.deliver(row_id) == "failed"
    assert portal.turns(row_id, 30).attempts == 1 and there.actions == ["SendSms"]


# --- killed, lost, hanging: never a double ---


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("deaths", [1, 2, 3])
def test_sends_killed_between_gateway_and_book_keeping_are_never_doubled(portal, there, vendor, deaths):
    portal.use(vendor)
    row_id = portal.reminder()
    for _ in range(deaths):
        if row_id in outbox.due(portal.session, portal.now):
            portal.session.rollback()
            with pytest.raises(Killed), dying("outbox.sent"):
                portal.deliver(row_id)
        portal.later(minutes=2)
    there.report()
    row = portal.turns(row_id, 40)
    assert [m.out_id for m in there.accepted] == [str(row_id)]
    assert row.state == "sent"


@pytest.mark.parametrize(("vendor", "arrives"), [("tencent", False), ("aliyun", True)])
def test_a_send_killed_before_the_request_goes_out_again_only_where_the_gateway_can_tell(
    portal, there, vendor, arrives
):
    portal.use(vendor)
    row_id = portal.reminder()
    for _ in range(2):
        with pytest.raises(Killed), dying("outbox.sending"):
            portal.deliver(row_id)
        portal.later(minutes=2)
    row = portal.turns(row_id, 60)
    assert [m.out_id for m in there.accepted] == [str(row_id)] * arrives
    assert row.state == ("sent" if arrives else "unknown")


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("mode", ["accept_and_lose", "hang", "html"])
def test_an_answer_that_never_came_leads_to_at_most_one_message(portal, there, vendor, mode, monkeypatch):
    portal.use(vendor)
    row_id = portal.reminder()
    there.mode = mode
    quick(monkeypatch)
    assert portal.deliver(row_id) == "unknown"
    portal.turns(row_id, 3)
    there.mode = "ok"
    there.report()
    row = portal.turns(row_id, 45)
    assert len(there.accepted) <= 1
    assert row.state == ("sent" if there.accepted else "unknown")


def test_a_doubtful_message_is_asked_for_where_it_went_although_another_gateway_was_chosen(portal, there):
    portal.use("aliyun")
    row_id = portal.reminder()
    with pytest.raises(Killed), dying("outbox.sent"):
        portal.deliver(row_id)
    portal.use("tencent")
    assert portal.turns(row_id, 3).state == "sent"
    assert [m.vendor for m in there.accepted] == ["aliyun"]
    assert there.actions == ["SendSms", "QuerySendDetails"]


def test_a_message_that_did_not_arrive_goes_through_the_gateway_chosen_meanwhile(portal, there):
    portal.use("aliyun")
    row_id = portal.reminder()
    with pytest.raises(Killed), dying("outbox.sending"):
        portal.deliver(row_id)
    portal.use("tencent")
    assert portal.turns(row_id, 30).state == "sent"
    assert [m.vendor for m in there.accepted] == ["tencent"]


def test_the_second_try_waits_as_long_for_its_proof_as_the_first(portal, there):
    """Killed, proven absent, sent again, killed again before its answer: the list must settle anew."""
    portal.use("aliyun")
    row_id = portal.reminder()
    with pytest.raises(Killed), dying("outbox.sending"):
        portal.deliver(row_id)
    for _ in range(40):
        portal.later(minutes=1)
        if portal.row(row_id).state == "pending":
            break
        if row_id in outbox.due(portal.session, portal.now):
            portal.session.rollback()
            portal.deliver(row_id)
    assert portal.row(row_id).state == "pending"
    portal.later(minutes=1)
    with pytest.raises(Killed), dying("outbox.sent"):
        portal.deliver(row_id)
    hidden, there.accepted = there.accepted, []  # the list is late
    portal.turns(row_id, 5)
    there.accepted = hidden
    assert portal.turns(row_id, 40).state == "sent"
    assert len(there.accepted) == 1


def test_a_worker_that_slept_through_its_lease_sends_nothing(portal, there):
    portal.use("aliyun")
    row_id = portal.reminder()

    def sleep(step: str) -> None:
        if step == "outbox.sending":
            portal.later(minutes=5)

    with armed(sleep):
        portal.deliver(row_id)
    assert there.accepted == []


def test_what_nobody_ever_confirmed_ends_visibly_after_three_days(portal, there):
    portal.use("tencent")
    row_id = portal.reminder()
    with pytest.raises(Killed), dying("outbox.sent"):
        portal.deliver(row_id)
    portal.later(hours=71)
    assert portal.deliver(row_id) == "unknown"
    portal.later(hours=2)
    assert portal.deliver(row_id) == "failed"
    assert portal.row(row_id).error == "never_confirmed" and len(there.accepted) == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_two_worker_processes_killed_after_the_gateway_accepted_lead_to_one_message(portal, there, vendor):
    portal.now = datetime.now(UTC)
    portal.use(vendor)
    row_id = portal.reminder()
    for _ in range(2):
        assert kill(lambda: portal.deliver(row_id), "outbox.sent") == -SIGKILL
        portal.forget_lease(row_id)
    assert there.actions[0] == "SendSms" and "SendSms" not in there.actions[1:]
    there.report()
    portal.later(minutes=20)
    assert portal.deliver(row_id) == "sent"
    assert len(there.accepted) == 1
