"""The fake gateway speaks the real protocol: the portal's own driver is believed, and finds again what was lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.integrations.sms import SmsError
from app.integrations.sms.aliyun import AliyunSms
from chaos import clock, lines, serving
from chaos.gateway import KEY_ID, KEY_SECRET, SIGN, Gateway

NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)
PHONE = "13800003091"


@pytest.fixture(name="gateway")
def gateway_fixture(tmp_path):
    clock.write(tmp_path / "clock", NOW)
    gateway = Gateway(tmp_path / "clock", lines.Lines(tmp_path / "gateway.jsonl"))
    server = serving.serve("127.0.0.1:0", gateway.request, gateway.control, gateway.state)
    gateway.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield gateway
    server.shutdown()
    server.server_close()


def driver(gateway, secret: str = KEY_SECRET) -> AliyunSms:
    settle = timedelta(minutes=1)
    return AliyunSms(
        KEY_ID, secret, SIGN, endpoint=gateway.address, settle=settle, clock=lambda: NOW + timedelta(hours=1)
    )  # fmt: skip


def accepted(gateway) -> list[str]:
    log = gateway.clock_file.parent / "gateway.jsonl"
    return [line["out_id"] for line in lines.read(log) if line["what"] == "accepted"]


def test_a_message_is_accepted_logged_and_listed(gateway):
    sent = driver(gateway).send(PHONE, "SMS_1", {"count": "2"}, "51")
    assert sent.external_id
    assert accepted(gateway) == ["51"]
    assert driver(gateway).query("51", PHONE, NOW).state == "sent"
    assert driver(gateway).query("52", PHONE, NOW).state == "not_found"


@pytest.mark.parametrize(("mood", "there"), [("lost", ["51"]), ("drop", []), ("error", []), ("limit", [])])
def test_a_mood_decides_whether_the_message_is_there(gateway, mood, there):
    gateway.control({"mood": mood})
    with pytest.raises(SmsError):
        driver(gateway).send(PHONE, "SMS_1", {"count": "2"}, "51")
    gateway.control({"mood": "ok"})
    assert accepted(gateway) == there
    assert driver(gateway).query("51", PHONE, NOW).state == ("sent" if there else "not_found")


def test_a_wrong_key_is_not_believed(gateway):
    with pytest.raises(SmsError):
        driver(gateway, secret="another").send(PHONE, "SMS_1", {"count": "2"}, "51")
    assert accepted(gateway) == []


def test_a_planted_double_is_in_the_log_twice(gateway):
    gateway.control({"plant": "double"})
    gateway.control({"mood": "ok"})
    driver(gateway).send(PHONE, "SMS_1", {"count": "2"}, "51")
    assert accepted(gateway) == ["51", "51"]
