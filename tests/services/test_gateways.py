"""Gateways as an administrator sets them up: keys, texts, the choice, the test message."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, NotAllowed
from app.domain.sms_templates import PURPOSES
from app.jobs import gateways as jobs
from app.models import SmsGateway, SmsHandover
from app.services import gateways, sms_receipts, sms_secrets, sms_sends, sms_tests
from tests.cast import NOON
from tests.integrations import fake_sms_gateway as fake
from tests.services.sms_portal import PHONE, SECRETS, TOKEN, VENDORS, portal_fixture, there_fixture  # noqa: F401


def test_only_an_administrator_sets_up_a_gateway(portal):
    for name in ("site", "site-manager", "lcs-manager", "ccs-manager"):
        actor = portal.cast[name]
        with pytest.raises(NotAllowed):
            gateways.choose(actor=actor, driver="console", key=portal.key, now=NOON)
        with pytest.raises(NotAllowed):
            gateways.save_template(
                actor=actor, driver="aliyun", purpose="test", code="", text="一二三四五六", state="draft", now=NOON
            )
        with pytest.raises(NotAllowed):
            sms_tests.begin(actor=actor, driver="aliyun", purpose="test", phone=PHONE, now=NOON)


def test_keys_lie_encrypted_and_stay_when_none_is_typed(portal, db_session):
    portal.use("tencent")
    row = db_session.get(SmsGateway, "tencent")
    stored = json.dumps(row.settings).encode() + row.secrets + row.receipt_token.encode()
    for secret in (fake.KEY_ID, fake.KEY_SECRET, TOKEN):
        assert secret.encode() not in stored
    db_session.rollback()
    gateways.configure(
        actor=portal.cast["admin"], driver="tencent", settings={**row.settings, "region": "ap-nanjing"}, secrets={},
        receipt_token="", key=portal.key, now=NOON,
    )  # fmt: skip
    setup = gateways.setup(db_session, "tencent", portal.key)
    assert (setup.secrets, setup.settings["region"], setup.problem) == (SECRETS["tencent"], "ap-nanjing", "")
    assert gateways.token_fits(db_session, "tencent", TOKEN)
    assert fake.KEY_SECRET not in repr(setup)


def test_under_another_secret_key_the_keys_are_unreadable_and_messages_wait(portal, there, db_session, app):
    portal.use("tencent")
    row_id, known = portal.reminder(), app.extensions["kuaifu"]
    app.extensions["kuaifu"] = replace(known, secret_key="another")
    try:
        assert portal.deliver(row_id) == "pending"
    finally:
        app.extensions["kuaifu"] = known
    assert portal.row(row_id).error == "secrets" and there.actions == []
    with pytest.raises(sms_secrets.SecretsUnreadable):
        sms_secrets.unseal(db_session.get(SmsGateway, "tencent").secrets, "another")


def test_a_gateway_without_keys_or_approved_texts_cannot_be_chosen(portal, db_session):
    admin = portal.cast["admin"]
    with pytest.raises(Invalid) as caught:
        gateways.choose(actor=admin, driver="aliyun", key=portal.key, now=NOON)
    assert caught.value.fields == {"driver": "not_set_up"}
    portal.use("aliyun")
    gateways.choose(actor=admin, driver="console", key=portal.key, now=NOON)
    gateways.save_template(
        actor=admin,
        driver="aliyun",
        purpose="overdue",
        code="",
        text=PURPOSES["overdue"].proposal,
        state="draft",
        now=NOON,
    )
    with pytest.raises(Invalid) as caught:
        gateways.choose(actor=admin, driver="aliyun", key=portal.key, now=NOON)
    assert caught.value.fields == {"driver": "no_template"}
    assert gateways.active(db_session) == "console"


def test_one_gateway_is_active_at_a_time(portal, db_session):
    portal.use("tencent")
    portal.use("aliyun")
    assert gateways.active(db_session) == "aliyun"
    assert db_session.scalars(select(SmsGateway.driver).where(SmsGateway.active)).all() == ["aliyun"]


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize(
    ("field", "value"),
    [("endpoint", "http://sms.tencentcloudapi.com"), ("endpoint", "http://127.0.0.1.example.com"), ("sign_name", "别家"),
     ("link_hosts", "not a host!"), ("app_id", "1 OR 1"), ("receipts", "maybe"), ("settle_minutes", "ten")],
)  # fmt: skip
def test_settings_that_cannot_be_right_are_refused_by_field(portal, field, value):
    vendor = "aliyun" if field == "settle_minutes" else "tencent"
    with pytest.raises(Invalid) as caught:
        portal.use(vendor, **{field: value})
    assert set(caught.value.fields) == {field}


@pytest.mark.parametrize("token", ["short", "x" * 23, "x" * 30 + "/", "x" * 101])
def test_a_receipt_address_that_can_be_guessed_is_refused(portal, token):
    with pytest.raises(Invalid) as caught:
        gateways.configure(
            actor=portal.cast["admin"], driver="aliyun", settings={"sign_name": "快复", "signatures": "快复", "receipts": "push"},
            secrets={}, receipt_token=token, key=portal.key, now=NOON,
        )  # fmt: skip
    assert caught.value.fields == {"receipt_token": "weak_token"}


def test_tests_are_logged_masked_and_limited(portal, db_session):
    admin = portal.cast["admin"]
    ids = [sms_tests.begin(actor=admin, driver="aliyun", purpose="test", phone=PHONE, now=NOON) for _ in range(5)]
    with pytest.raises(NotAllowed) as caught:
        sms_tests.begin(actor=admin, driver="tencent", purpose="test", phone=PHONE, now=NOON)
    assert caught.value.code == "too_many"
    assert sms_tests.begin(actor=admin, driver="aliyun", purpose="test", phone=PHONE, now=NOON + timedelta(minutes=11))
    assert {test.phone_masked for test, _receipt in sms_tests.latest(db_session)} == {"138******03"} and len(
        set(ids)
    ) == 5


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_test_message_arrives_and_its_receipt_is_its_own(portal, there, db_session, vendor):
    portal.use(vendor)
    setup = gateways.setup(db_session, vendor, portal.key)
    test_id = sms_tests.begin(actor=portal.cast["admin"], driver=vendor, purpose="test", phone=PHONE, now=NOON)
    result = jobs.send_test(test_id=test_id, setup=setup, phone=PHONE, template="T-test", values={"time": "12:00"})
    assert result.state == "sent" and there.accepted[0].values == ["12:00"]
    there.report()
    assert portal.push(vendor, there.push_body(vendor, copies=2)) == sms_receipts.Taken(1, 1, 0)
    ((test, receipt),) = sms_tests.latest(db_session)
    assert (test.state, receipt.delivered) == ("sent", True)


def test_no_number_stands_in_what_is_kept_about_a_handover(portal, db_session):
    portal.use("aliyun")
    row_id = portal.reminder()
    portal.deliver(row_id)
    handover = db_session.get(SmsHandover, row_id)
    assert PHONE not in handover.phone_digest and handover.phone_digest == sms_sends.digest(PHONE, portal.key)
    assert handover.phone_digest != sms_sends.digest(PHONE, "another key")
