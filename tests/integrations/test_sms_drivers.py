"""Both drivers against gateways that check signatures by themselves and fail in every way a gateway can."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest

from app.integrations.sms import Found, Pending, SmsDriver, SmsError, aliyun_codes, tencent_codes, wire
from app.integrations.sms.aliyun import AliyunSms
from app.integrations.sms.tencent import TencentSms
from tests.integrations import fake_sms_gateway as fake
from tests.integrations.sms_signatures import acs3, tc3

PHONE = "13812345678"
QUICK = (0.5, 0.4)
VENDORS = ("tencent", "aliyun")


@pytest.fixture
def there():
    with fake.running() as gateway:
        yield gateway


def driver(vendor: str, there, *, secret: str = fake.KEY_SECRET, sign: str = fake.SIGN, **more) -> SmsDriver:
    more = {"endpoint": there.url, "timeout": QUICK, "clock": lambda: there.now(), **more}
    if vendor == "tencent":
        return TencentSms(fake.KEY_ID, secret, fake.APP_ID, sign, **more)
    return AliyunSms(fake.KEY_ID, secret, sign, **more)


def send(vendor: str, there, out_id: str = "41", **more):
    return driver(vendor, there, **more).send(PHONE, "T-1", {"count": "4", "left": "12分钟 &+"}, out_id)


def failure(vendor: str, there, **more) -> SmsError:
    with pytest.raises(SmsError) as caught:
        send(vendor, there, **more)
    return caught.value


# --- signatures ---


def test_the_fakes_own_signatures_give_the_vendors_published_examples():
    headers = {
        "content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com", "x-tc-timestamp": "1551113065",
    }  # fmt: skip
    body = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    expected = "2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"
    assert tc3(headers, body, "Gu5t9xGARNpq86cd98joQYCN3*******", "cvm") == expected
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com", "x-acs-action": "RunInstances", "x-acs-version": "2014-05-26",
        "x-acs-date": "2023-10-26T10:22:32Z", "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }  # fmt: skip
    query = "RegionId=cn-shanghai&ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"
    expected = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    assert acs3(headers, query, b"", "YourAccessKeySecret", sorted(headers)) == expected


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_signed_message_arrives_with_every_field(there, vendor):
    sent = send(vendor, there)
    (message,) = there.accepted
    assert (message.vendor, message.phone, message.template) == (vendor, PHONE, "T-1")
    assert (message.values, message.out_id) == (["4", "12分钟 &+"], "41")
    assert sent.external_id == message.serial and there.forged == 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_wrong_key_is_refused_by_the_gateway_and_waits_for_the_administrator(there, vendor):
    error = failure(vendor, there, secret="another")
    assert (there.forged, there.accepted) == (1, [])
    assert (error.verdict.outcome, error.verdict.advice) == ("retry", "key")


# --- every way to fail: refused, again later, or unknown ---


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("mode", "code"), [("hang", "timeout"), ("accept_and_lose", "connection_lost"), ("html", None)]
)
def test_what_may_have_arrived_is_unknown(there, vendor, mode, code):
    there.mode = mode
    error = failure(vendor, there)
    assert error.verdict.outcome == "unknown" and not error.permanent
    assert error.code == (code or error.code)
    assert len(there.accepted) == (mode == "accept_and_lose")


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_request_that_reached_nobody_may_be_sent_again(there, vendor):
    there.url = "http://127.0.0.1:9"
    error = failure(vendor, there)
    assert (error.code, error.verdict.outcome) == ("unreachable", "retry")


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_line_dropped_without_an_answer_is_unknown_although_nothing_arrived(there, vendor):
    there.mode = "lose"
    assert failure(vendor, there).verdict.outcome == "unknown"
    assert there.accepted == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_gateway_that_hangs_holds_nobody_longer_than_the_time_out(there, vendor):
    there.mode = "hang"
    begun = time.monotonic()
    failure(vendor, there)
    assert time.monotonic() - begun < 2
    assert sum(wire.TIMEOUT) < 60 / 2, "two requests fit into the lease of a row"


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_days_limit_is_not_tried_again(there, vendor):
    there.mode = "limit"
    error = failure(vendor, there)
    assert (error.verdict.outcome, error.verdict.advice) == ("refused", "limit_day")


@pytest.mark.parametrize(
    ("vendor", "code", "text", "outcome", "advice", "pause"),
    [
        ("tencent", "FailedOperation.SignatureIncorrectOrUnapproved", "", "retry", "signature", 600),
        ("tencent", "FailedOperation.ContainSensitiveWord", "", "refused", "banned_words", 0),
        ("tencent", "LimitExceeded.PhoneNumberThirtySecondLimit", "", "retry", "limit_seconds", 60),
        ("tencent", "LimitExceeded.PhoneNumberOneHourLimit", "", "retry", "limit_hour", 3600),
        ("tencent", "InternalError.Timeout", "", "unknown", "gateway_error", 0),
        ("tencent", "InternalError.BrandNew", "", "unknown", "gateway_error", 0),
        ("tencent", "BrandNew", "", "unknown", "other", 0),
        ("tencent", "InvalidParameterValue.BrandNew", "", "refused", "bad_request", 0),
        ("aliyun", "isv.SMS_TEMPLATE_ILLEGAL", "", "retry", "template", 600),
        ("aliyun", "isv.MOBILE_NUMBER_ILLEGAL", "", "refused", "phone", 0),
        ("aliyun", "isv.OUT_OF_SERVICE", "", "retry", "balance", 600),
        ("aliyun", "isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", "retry", "limit_seconds", 60),
        ("aliyun", "isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", "retry", "limit_hour", 3600),
        ("aliyun", "isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:50", "refused", "limit_day", 0),
        ("aliyun", "isv.BUSINESS_LIMIT_CONTROL", "", "refused", "limit_day", 0),
        ("aliyun", "isp.SYSTEM_ERROR", "", "unknown", "gateway_error", 0),
        ("aliyun", "BrandNew", "", "unknown", "other", 0),
    ],
)
def test_each_code_has_its_outcome_and_its_advice(there, vendor, code, text, outcome, advice, pause):
    there.mode, there.code, there.text = "fail", code, text
    verdict = failure(vendor, there).verdict
    assert (verdict.outcome, verdict.advice, verdict.pause) == (outcome, advice, pause)


@pytest.mark.parametrize("codes", [tencent_codes, aliyun_codes])
def test_no_code_means_two_things(codes):
    listed = [code for group in (codes._REFUSED, codes._SETUP) for names in group.values() for code in names]
    listed += list(codes._LATER)
    assert len(listed) == len(set(listed)) > 25


# --- asking ---


@pytest.mark.parametrize("context", [True, False])
def test_tencent_finds_a_lost_message_by_context_or_else_by_phone_and_time(there, context):
    there.mode, there.context = "accept_and_lose", context
    begun = there.now()
    failure("tencent", there)
    there.mode = "ok"
    asked = driver("tencent", there)
    assert asked.query("41", PHONE, begun) == Found("unknown"), "the carrier has not reported yet"
    there.report()
    assert asked.query("41", PHONE, begun) == Found("sent", there.accepted[0].serial)


def test_tencent_takes_no_other_message_for_the_lost_one(there):
    begun = there.now()
    send("tencent", there, "40")
    there.report()
    ours = {there.accepted[0].serial}
    assert driver("tencent", there).query("41", PHONE, begun, ours) == Found("unknown")
    assert driver("tencent", there).query("41", "13900000000", begun) == Found("unknown")
    assert driver("tencent", there).query("41", PHONE, begun + timedelta(hours=1)) == Found("unknown")
    there.context = True
    assert driver("tencent", there).query("41", PHONE, begun) == Found("unknown"), "another message's context"


@pytest.mark.parametrize("mode", ["hang", "html", "lose", "blind"])
def test_tencent_never_says_that_a_message_did_not_arrive(there, mode):
    there.mode = mode
    long_ago = there.now() - timedelta(days=3)
    assert driver("tencent", there).query("41", PHONE, long_ago) == Found("unknown")


def test_aliyun_finds_a_lost_message_by_our_id_at_once(there):
    there.mode = "accept_and_lose"
    begun = there.now()
    failure("aliyun", there)
    there.mode = "ok"
    assert driver("aliyun", there).query("41", PHONE, begun) == Found("sent")


def test_aliyun_says_not_found_only_when_its_list_had_time_to_settle(there):
    begun = there.now()
    there.now = lambda: begun + timedelta(minutes=9)
    assert driver("aliyun", there).query("41", PHONE, begun) == Found("unknown")
    there.now = lambda: begun + timedelta(minutes=10)
    assert driver("aliyun", there).query("41", PHONE, begun) == Found("not_found")
    assert driver("aliyun", there, settle=timedelta(0)).query("41", PHONE, begun) == Found("unknown")


@pytest.mark.parametrize("mode", ["hang", "html", "lose", "blind"])
def test_aliyun_that_cannot_list_everything_leaves_the_message_in_doubt(there, mode):
    begun = there.now() - timedelta(hours=1)
    send("aliyun", there, "40")
    there.accepted[0].at = begun
    there.mode = mode
    assert driver("aliyun", there).query("41", PHONE, begun) == Found("unknown")


def test_aliyun_looks_through_all_pages_and_on_both_sides_of_midnight(there):
    midnight = datetime(2026, 11, 17, 16, 0, tzinfo=UTC)
    for n in range(60):
        there.accept("aliyun", PHONE, "T-1", [], str(n)).at = midnight + timedelta(seconds=n)
    there.now = lambda: midnight + timedelta(hours=1)
    for out_id in ("0", "59"):
        assert driver("aliyun", there).query(out_id, PHONE, midnight - timedelta(seconds=30)) == Found("sent")
    assert driver("aliyun", there).query("60", PHONE, midnight - timedelta(seconds=30)) == Found("not_found")


# --- receipts ---


def test_tencent_hands_over_all_its_receipts_once(there):
    for n in range(150):
        there.accept("tencent", PHONE, "T-1", [], str(n))
    there.report()
    first = driver("tencent", there).receipts([])
    assert len({receipt.serial for receipt in first}) == 150
    assert driver("tencent", there).receipts([]) == []


def test_aliyun_is_asked_for_the_receipts_of_single_messages(there):
    sent = [send("aliyun", there, str(n)) for n in range(3)]
    awaited = [Pending(str(n), sent[n].external_id, PHONE, there.now()) for n in (0, 1)]
    assert driver("aliyun", there).receipts(awaited) == [], "the carrier has not reported yet"
    there.report(delivered=False)
    found = driver("aliyun", there).receipts(awaited)
    assert [(r.out_id, r.serial, r.delivered) for r in found] == [(p.out_id, p.external_id, False) for p in awaited]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_gateway_that_is_away_gives_no_receipts_and_says_so(there, vendor):
    there.mode = "html"
    with pytest.raises(SmsError):
        driver(vendor, there).receipts([Pending("41", "", PHONE, there.now())])


# --- where a gateway may live, and what stays secret ---


@pytest.mark.parametrize(
    "address",
    ["http://sms.tencentcloudapi.com", "ftp://127.0.0.1", "https://a.example.com/path", "https://u:p@a.example.com",
     "https://a.example.com?x=1", "http://127.0.0.1.example.com", "https://", "https://a.example.com:port", "http://10.0.0.1"],
)  # fmt: skip
def test_only_https_or_this_machine_is_a_gateway(address):
    with pytest.raises(SmsError) as caught:
        wire.endpoint(address)
    assert (caught.value.code, caught.value.verdict.outcome) == ("endpoint", "retry")


@pytest.mark.parametrize(
    "address", ["sms.tencentcloudapi.com", "https://dysmsapi.aliyuncs.com/", "gateway.example.com:8443"]
)
def test_a_bare_host_means_https(address):
    assert wire.endpoint(address).scheme == "https"


@pytest.mark.parametrize("vendor", VENDORS)
def test_neither_keys_nor_numbers_stand_in_logs_errors_or_representations(there, vendor, caplog):
    caplog.set_level(logging.DEBUG)
    there.mode, there.code = "fail", "FailedOperation.Whatever"
    error = failure(vendor, there)
    told = f"{caplog.text} {error} {error.args} {driver(vendor, there)!r}"
    assert fake.KEY_SECRET not in told and fake.KEY_ID not in told
    assert "request=R-1" in caplog.text
    ours = " ".join(r.getMessage() for r in caplog.records if not r.name.startswith("urllib3"))
    assert PHONE not in ours
