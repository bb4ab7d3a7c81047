"""The gateways' page and the receipts' address over HTTP."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock
from app.models import PushRefusal, SmsGateway, SmsReceipt, SmsTest
from app.services import sms_sends, sms_tests
from tests.cast import NOON, begin
from tests.integrations import fake_sms_gateway as fake
from tests.services.sms_portal import PHONE, SECRETS, TOKEN, VENDORS, Portal, there_fixture  # noqa: F401
from tests.web.stage import Stage

ADDRESS = "/sms/receipts/{}/{}"


@pytest.fixture
def portal(app, database, there, monkeypatch) -> Portal:
    made = Portal(app, begin(), there, database.session)
    monkeypatch.setattr(clock, "now", lambda: made.now)
    there.now = lambda: made.now
    return made


@pytest.fixture
def office(app, portal, monkeypatch) -> Any:
    """The administrator's browser."""
    stage = Stage(app, portal.cast)
    monkeypatch.setattr("tests.web.stage.NOW", NOON)
    client = stage.browser("admin")

    def post(path: str, **data: str) -> Any:
        return client.post(path, data={"csrf_token": stage.csrf, **data})

    client.send_form = post
    return client


SETTINGS = {
    "app_id": fake.APP_ID, "sign_name": fake.SIGN, "signatures": "快复, 快复快递", "link_hosts": "", "region": "",
    "settle_minutes": "10", "receipts": "push", "receipt_token": TOKEN,
}  # fmt: skip


# --- settings ---


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_typed_is_stored_and_no_key_ever_comes_back(office, there, vendor, db_session):
    answer = office.send_form(f"/admin/sms/{vendor}/settings", **SETTINGS, **SECRETS[vendor], endpoint=there.url)
    assert (answer.status_code, answer.location) == (303, f"/admin/sms?driver={vendor}&done=saved")
    page = office.get(answer.location).text
    assert there.url in page and "快复快递" in page
    refused = office.send_form(f"/admin/sms/{vendor}/settings", **{**SETTINGS, "sign_name": "x y"}, **SECRETS[vendor])
    assert refused.status_code == 422 and "x y" in refused.text
    for secret in (fake.KEY_ID, fake.KEY_SECRET, TOKEN):
        assert secret not in page and secret not in refused.text
    assert db_session.get(SmsGateway, vendor).settings["sign_name"] == fake.SIGN


def test_an_unknown_gateway_or_text_is_not_found(office):
    for path in ("nobody/settings", "console/settings", "nobody/test", "nobody/texts/test", "tencent/texts/nothing"):
        assert office.send_form(f"/admin/sms/{path}").status_code == 404
    assert office.send_form("/admin/sms/nobody/use").status_code == 422


def test_a_gateway_that_is_not_ready_is_refused_in_plain_words_and_a_ready_one_sends(office, portal):
    refused = office.send_form("/admin/sms/aliyun/use")
    assert refused.status_code == 422 and 'role="alert"' in refused.text
    portal.use("aliyun")
    assert office.send_form("/admin/sms/console/use").status_code == 303
    assert office.send_form("/admin/sms/aliyun/use").status_code == 303
    assert office.get("/admin/sms").text.count('class="chip good"') == 1


# --- texts ---


def test_remarks_stand_beside_the_text_and_a_bad_one_stays_a_draft(office, portal):
    portal.use("aliyun")
    bad = "【快复】请点 http://evil.cn 处理，电话13812345678，否则起诉"
    refused = office.send_form("/admin/sms/aliyun/texts/test", code="T-9", state="approved", text=bad)
    assert refused.status_code == 422 and "evil.cn" in refused.text
    block = refused.text.split('id="text-test"')[1].split("</form>")[0]
    assert block.count('class="error"') >= 5 and 'aria-invalid="true"' in block
    assert office.send_form("/admin/sms/aliyun/texts/test", code="T-9", state="draft", text=bad).status_code == 303
    assert "evil.cn" in office.get("/admin/sms?driver=aliyun").text


def test_tencents_text_is_shown_with_numbered_places(office, portal):
    portal.use("tencent")
    page = office.get("/admin/sms?driver=tencent").text
    assert "短信通道测试，发送时间{1}，" in page
    assert "短信通道测试，发送时间{1}，" not in office.get("/admin/sms?driver=aliyun").text


# --- the test button ---


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_test_button_sends_one_message_and_shows_the_answer(office, portal, there, vendor, db_session):
    portal.use(vendor)
    answer = office.send_form(f"/admin/sms/{vendor}/test", phone="139 1234-5678", purpose="test")
    assert answer.status_code == 303
    page = office.get(answer.location).text
    assert 'class="flash ok"' in page and "139******78" in page and "13912345678" not in page
    assert [(m.phone, m.template, m.values) for m in there.accepted] == [("13912345678", "T-test", ["14:30"])]
    row = db_session.scalars(select(SmsTest)).one()
    assert (row.state, row.user_id) == ("sent", portal.cast["admin"].user_id)


@pytest.mark.parametrize(
    ("vendor", "code", "advice"),
    [
        ("tencent", "FailedOperation.SignatureIncorrectOrUnapproved", "签名|signature"),
        ("aliyun", "isv.AMOUNT_NOT_ENOUGH", "余额|credit"),
    ],
)
def test_a_refusal_is_shown_as_plain_advice_beside_the_code(office, portal, there, vendor, code, advice):
    portal.use(vendor)
    there.mode, there.code = "fail", code
    page = office.get(office.send_form(f"/admin/sms/{vendor}/test", phone=PHONE, purpose="due_soon").location).text
    flash = re.search(r'<p class="flash bad" role="status">(.*?)</p>', page, re.DOTALL)[1]
    assert code in flash and re.search(advice, flash)


def test_a_number_that_is_none_a_missing_text_and_too_many_tests_send_nothing(office, portal, there):
    portal.use("aliyun")
    for phone in ("", "12345", "057188888888", "13912345678,13912345679"):
        assert office.send_form("/admin/sms/aliyun/test", phone=phone, purpose="test").status_code == 422
    assert office.send_form("/admin/sms/aliyun/test", phone=PHONE, purpose="result_link").status_code == 422
    assert office.send_form("/admin/sms/aliyun/test", phone=PHONE, purpose="x").status_code == 422
    assert there.accepted == []
    for _ in range(sms_tests.LIMIT):
        assert office.send_form("/admin/sms/aliyun/test", phone=PHONE, purpose="test").status_code == 303
    limited = office.send_form("/admin/sms/aliyun/test", phone=PHONE, purpose="test")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "600")
    assert len(there.accepted) == sms_tests.LIMIT


# --- receipts from outside ---


@pytest.fixture
def sent(portal, there, client) -> Any:
    """A reminder that each gateway has accepted and reported on; gives the way to push."""

    def push(vendor: str, body: bytes | None = None, token: str = TOKEN, **more: Any) -> Any:
        return client.post(ADDRESS.format(vendor, token), data=body, **more)

    return push


def stored(session: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(SmsReceipt))


def refusals(session: Any) -> dict[str, int]:
    session.rollback()
    return {row.reason: row.n for row in session.scalars(select(PushRefusal))}


@pytest.mark.parametrize(
    ("vendor", "yes"),
    [("tencent", {"result": 0, "errmsg": "OK"}), ("aliyun", {"code": 0, "msg": "接收成功"})],
)
def test_a_receipt_is_answered_in_the_gateways_words_and_shown_in_the_outbox(office, portal, there, sent, vendor, yes):
    portal.use(vendor)
    portal.deliver(portal.reminder())
    there.report()
    for _ in range(2):
        answer = sent(vendor, there.push_body(vendor))
        assert (answer.status_code, answer.json) == (200, yes)
    assert stored(portal.session) == 1
    page = office.get("/sms-outbox").text
    assert re.search("已送达手机|Arrived on the phone", page)


def test_an_undelivered_message_says_so_in_the_outbox_with_the_carriers_code(office, portal, there, sent):
    portal.use("aliyun")
    portal.deliver(portal.reminder())
    there.report(delivered=False)
    sent("aliyun", there.push_body("aliyun"))
    assert "UNDELIV" in office.get("/sms-outbox").text


def test_a_message_that_failed_tells_the_outbox_why_in_plain_words(office, portal, there):
    portal.use("aliyun")
    there.mode = "limit"
    portal.deliver(portal.reminder())
    assert re.search("今天|for today", office.get("/sms-outbox").text)


@pytest.mark.both_engines  # noise that each engine takes in its own way
@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_forged_broken_or_foreign_changes_nothing_and_is_counted(portal, there, sent, vendor, db_session):
    portal.use(vendor)
    row_id = portal.reminder()
    portal.deliver(row_id)
    there.report()
    good, before = there.push_body(vendor), portal.row(row_id).state
    tries = [
        (sent(vendor, good, token="x" * 32), 404), (sent(vendor, good, token=TOKEN[:-1]), 404),
        (sent(vendor, b"<xml/>"), 400), (sent(vendor, b""), 400), (sent(vendor, b"[" * 50_000), 400),
        (sent(vendor, good, headers={"Content-Encoding": "gzip"}), 400),
        (sent(vendor, there.push_body(vendor, phone="13900000000")), 422), (sent("nobody", good), 404),
        (sent("console", good), 404), (sent(vendor, b"[" + b" " * 300_000 + b"]"), 413),
    ]  # fmt: skip
    assert [(answer.status_code, status) for answer, status in tries if answer.status_code != status] == []
    assert stored(db_session) == 0 and portal.row(row_id).state == before
    assert refusals(db_session) == {
        "WRONG_ADDRESS": 2, "BROKEN_RECEIPT": 3, "ENCODED_BODY": 1, "UNKNOWN_RECEIPT": 1, "TOO_LARGE": 1,
    }  # fmt: skip
    assert sent(vendor, good).status_code == 200


def test_a_body_without_a_length_is_read_no_further_than_the_limit(portal, sent):
    portal.use("aliyun")
    stream = io.BytesIO(b"[" + b" " * 1_900_000 + b"]")
    answer = sent("aliyun", input_stream=stream, environ_overrides={"wsgi.input_terminated": True})
    assert answer.status_code == 413 and stream.tell() < 400_000


def test_before_a_secret_part_is_set_no_address_takes_receipts(portal, sent):
    for token in ("-" * 64, "", "%00", "x" * 32):
        assert sent("aliyun", b"[]", token=token).status_code == 404


@pytest.mark.both_engines  # noise that each engine takes in its own way
def test_a_mixed_batch_keeps_ours_and_counts_the_others(portal, there, sent, db_session):
    portal.use("aliyun")
    portal.deliver(portal.reminder())
    there.accept("aliyun", "13900000000", "T-X", [], "other-system")
    there.report()
    assert sent("aliyun", there.push_body("aliyun")).status_code == 200
    assert stored(db_session) == 1 and refusals(db_session) == {"UNKNOWN_RECEIPT": 1}


def test_a_number_in_a_receipt_is_never_stored(portal, there, sent, db_session):
    portal.use("tencent")
    portal.deliver(portal.reminder())
    there.report()
    sent("tencent", there.push_body("tencent"))
    row = db_session.scalars(select(SmsReceipt)).one()
    assert PHONE not in str(vars(row)) and sms_sends.digest(PHONE, portal.key) not in str(vars(row))
