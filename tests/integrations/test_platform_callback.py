"""The callback over a real connection: what is sent, and what each way to fail is called."""

import json
import logging
import socket
import time
from datetime import UTC, datetime

import pytest

from app.integrations.platform.link.callback import (
    CallbackClient,
    CallbackResult,
    PlatformError,
    body_of,
    send_callback,
)
from app.integrations.platform.link.envelope import decode_body, read_envelope, verify
from tests.integrations.loopback import platform, reply

PAYLOAD = {
    "work_order_code": "WO-1",
    "work_order_type": "complaint",
    "task_id": "T-1",
    "operate_time": datetime(2026, 11, 22, 16, 30, tzinfo=UTC),
    "operate_type": "3",
    "operator_name": "文三路站",
    "description": "已联系王小明 13812345678，今日重派😀",
    "extension": {"amount": "20"},
}
OK = reply(200, {"success": True})


@pytest.fixture
def there():
    with platform() as running:
        running.answer = OK
        yield running


def failure(there, answer=None, timeout=(1, 0.3)):
    if answer:
        there.answer = answer
    with pytest.raises(PlatformError) as caught:
        send_callback(there.url, PAYLOAD, "demo-secret", timeout=timeout)
    return caught.value


def test_the_platform_gets_a_signed_envelope_with_every_field(there):
    assert send_callback(there.url, PAYLOAD, "demo-secret") == CallbackResult(True)
    path, headers, raw = there.requests[0]
    envelope = read_envelope(raw)
    assert path == "/callback"
    assert headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert envelope.msg_type == "WORK_ORDER_TASK_CALLBACK"
    assert verify(envelope.logistics_interface, envelope.data_digest, ["demo-secret"])
    assert decode_body(envelope.logistics_interface) == {
        "work_order_code": "WO-1",
        "work_order_type": 0,
        "task_id": "T-1",
        "operate_time": "2026-11-23 00:30:00",
        "operate_type": "3",
        "operator_name": "文三路站",
        "description": "已联系王小明 13812345678，今日重派😀",
        "extension": {"amount": "20"},
        "attachments": [],
    }


def test_a_repetition_is_the_same_to_the_byte(there):
    client = CallbackClient()
    client.send_callback(there.url, PAYLOAD, "demo-secret")
    client.send_callback(there.url, dict(reversed(PAYLOAD.items())), "demo-secret")
    assert there.requests[0][2] == there.requests[1][2]


@pytest.mark.parametrize("description", ["虚假签收", "虚假签收😀"])
def test_a_gbk_connection_gets_bytes_that_gbk_can_read(there, description):
    send_callback(there.url, PAYLOAD | {"description": description}, "s", "gbk")
    body = read_envelope(there.requests[0][2], "gbk")
    assert verify(body.logistics_interface, body.data_digest, ["s"])
    assert json.loads(body.logistics_interface.decode("gbk"))["description"] == description


@pytest.mark.parametrize(("given", "sent"), [("complaint", 0), ("consult", 1), (None, 0)])
def test_the_callbacks_order_types_are_not_the_pushs(given, sent):
    assert body_of(PAYLOAD | {"work_order_type": given})["work_order_type"] == sent


@pytest.mark.parametrize(
    "moment", ["2026-11-22T16:30:00+00:00", "2026-11-23 00:30:00", datetime(2026, 11, 22, 16, 30, 0, 999, tzinfo=UTC)]
)
def test_operate_time_is_shanghais_without_fractions(moment):
    assert body_of(PAYLOAD | {"operate_time": moment})["operate_time"] == "2026-11-23 00:30:00"


@pytest.mark.parametrize("task", ["", None])
def test_an_order_that_came_without_a_task_is_answered_without_one(there, task):
    there.answer = reply(200, b'{"success":true}')
    assert send_callback(there.url, PAYLOAD | {"task_id": task}, "s").ok
    assert body_of(PAYLOAD | {"task_id": task})["task_id"] == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"work_order_code": None},
        {"operate_time": "noon"},
        {"work_order_type": 2},
        {"extension": {"a": {1}}},
    ],
)
def test_a_payload_that_cannot_be_sent_is_permanent(there, changed):
    with pytest.raises(PlatformError) as caught:
        send_callback(there.url, PAYLOAD | changed, "s")
    assert (caught.value.code, caught.value.permanent) == ("bad_payload", True)
    assert there.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        {"success": False, "error_code": "S01", "error_msg": "任务已关闭"},
        {"success": "false", "errorCode": "S01", "errorMsg": "任务已关闭"},
    ],
)
def test_a_refusal_carries_the_platforms_own_words(there, answer):
    there.answer = reply(200, answer)
    assert send_callback(there.url, PAYLOAD, "s") == CallbackResult(False, "S01", "任务已关闭")


@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
def test_a_gbk_connection_reads_answers_in_either_charset(there, charset):
    there.answer = reply(200, '{"success":false,"errorMsg":"任务已关闭"}'.encode(charset))
    assert send_callback(there.url, PAYLOAD, "s", "gbk").error_msg == "任务已关闭"


def test_long_words_of_the_platform_are_cut(there):
    there.answer = reply(200, {"success": False, "errorCode": "c" * 999, "errorMsg": "m" * 9999})
    result = send_callback(there.url, PAYLOAD, "s")
    assert (len(result.error_code), len(result.error_msg)) == (64, 500)


@pytest.mark.parametrize(
    ("status", "body", "code", "permanent"),
    [
        (200, b"<html><body>Maintenance</body></html>", "html_page", False),
        (200, b"", "bad_answer", False),
        (200, b"OK", "bad_answer", False),
        (200, b"[]", "bad_answer", False),
        (200, b"{}", "bad_answer", False),
        (200, b'{"success":null}', "bad_answer", False),
        (200, b'{"success":true,"success":false}', "bad_answer", False),
        (200, b"[" * 60_000, "bad_answer", False),
        (200, b'{"success":true' + b" " * 70_000 + b"}", "answer_too_large", False),
        (400, b"", "bad_request", True),
        (401, b"", "unauthorised", False),
        (403, b"<html>", "unauthorised", False),
        (404, b"", "not_found", False),
        (429, b"", "rate_limited", False),
        (500, b"", "server_error", False),
        (503, b'{"success":true}', "server_error", False),
    ],
)
def test_each_answer_that_is_none_is_classified(there, status, body, code, permanent):
    error = failure(there, reply(status, body))
    assert (error.code, error.permanent) == (code, permanent)


def test_the_platforms_wish_to_wait_is_kept(there):
    assert failure(there, reply(429, b"", Retry_After="30")).retry_after == 30
    assert failure(there, reply(503, b"", Retry_After="Wed, 21 Oct 2026 07:28:00 GMT")).retry_after is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(there, status):
    assert failure(there, reply(status, b"", Location=there.url)).code == "redirect"
    assert len(there.requests) == 1


def test_a_hanging_platform_is_a_timeout(there):
    started = time.monotonic()
    assert failure(there, lambda handler: there.released.wait(5)).code == "timeout"
    assert time.monotonic() - started < 2


def test_a_trickling_platform_is_a_timeout_too(there):
    def trickle(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while not there.released.wait(0.05):
            handler.wfile.write(b" ")

    started = time.monotonic()
    assert failure(there, trickle).code == "timeout"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("sent", [b"", b'{"success":'])
def test_a_connection_that_breaks_off_is_worth_another_try(there, sent):
    def break_off(handler):
        if sent:
            handler.send_response(200)
            handler.send_header("Content-Length", "100")
            handler.end_headers()
            handler.wfile.write(sent)
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    error = failure(there, break_off)
    assert (error.code, error.permanent) == ("connection", False)


def test_nobody_at_the_address_is_a_connection_error(there):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        there.url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        assert failure(there).code == "connection"


def test_a_name_that_does_not_resolve_is_dns(there, monkeypatch):
    def unknown(*_args, **_named):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    there.url = "http://platform.invalid/callback"
    error = failure(there)
    assert (error.code, error.permanent) == ("dns", False)


@pytest.mark.parametrize(
    "url", ["", "platform/callback", "ftp://127.0.0.1/", "http://", "http://[::1/", "file:///etc/hosts"]
)
def test_an_endpoint_that_is_none_is_permanent(there, url):
    there.url = url
    error = failure(there)
    assert (error.code, error.permanent) == ("bad_endpoint", True)


def test_proxies_of_the_environment_are_not_asked(there, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert send_callback(there.url, PAYLOAD, "s").ok


def test_neither_logs_nor_errors_carry_personal_data(there, caplog):
    caplog.set_level(logging.DEBUG)
    send_callback(there.url, PAYLOAD, "demo-secret")
    error = failure(there, reply(500, "王小明 13812345678".encode()))
    told = caplog.text + repr(error) + str(error)
    assert error.__cause__ is None
    for secret in ("13812345678", "王小明", "demo-secret", "%E7%8E%8B"):
        assert secret not in told
