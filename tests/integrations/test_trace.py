"""Asking a carrier for traces: signed, bounded, and every failure told apart."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from app.integrations.platform.link import signature
from app.integrations.platform.trace import PlatformError, TraceClient
from tests.integrations.loopback import Platform, platform, reply

A, B = "YT1234567890123", "SF1234567890123"
SCAN = {"mail_no": A, "scan_type": "SIGN", "scan_time": "2026-11-18 12:00:00", "site_code": "330106-01", "note": "本人"}


@pytest.fixture
def there():
    with platform() as carrier:
        yield carrier


def fetch(carrier: Platform, timeout: float = 0.5):
    return TraceClient(carrier.url, "secret", timeout).fetch([A, B])


def failure(carrier: Platform) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        fetch(carrier)
    return caught.value


def test_the_question_is_signed_and_the_answer_becomes_scans(there):
    there.answer = reply(200, {"success": True, "scans": [SCAN, {**SCAN, "mail_no": "YT0000000000000"}]})
    (scan,) = fetch(there)
    assert (scan.waybill, scan.scan_type, scan.site_code, scan.note) == (A, "SIGN", "330106-01", "本人")
    assert scan.scanned_at == datetime(2026, 11, 18, 4, tzinfo=UTC)
    ((_path, _headers, raw),) = there.requests
    form = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
    assert json.loads(form["logistics_interface"]) == {"mail_nos": [A, B]}
    assert form["data_digest"] == signature(form["logistics_interface"].encode(), "secret")


@pytest.mark.parametrize(
    ("answer", "code", "permanent"),
    [
        (reply(500, b""), "server_error", False), (reply(429, b""), "rate_limited", False),
        (reply(401, b""), "unauthorised", False), (reply(400, b""), "bad_request", True),
        (reply(302, b"", Location="http://127.0.0.1:9/"), "redirect", False),
        (reply(200, b"<html>"), "html_page", False), (reply(200, b"{"), "bad_answer", False),
        (reply(200, {"success": False, "error_code": "E1"}), "refused", False),
        (reply(200, {"success": True, "scans": [{"mail_no": A}]}), "bad_answer", False),
        (reply(200, {"success": True}), "bad_answer", False),
        (reply(200, b" " * (600 * 1024)), "answer_too_large", False),
    ],
)  # fmt: skip
def test_each_failure_has_its_code_and_says_whether_it_is_for_good(there, answer, code, permanent):
    there.answer = answer
    error = failure(there)
    assert (error.code, error.permanent) == (code, permanent)
    assert len(there.requests) == 1


def test_a_carrier_that_hangs_is_given_up_in_time(there):
    there.answer = lambda handler: there.released.wait(5)
    error = failure(there)
    assert (error.code, error.permanent) == ("timeout", False)


def test_a_carrier_that_is_not_there_can_be_asked_again():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(PlatformError) as caught:
        TraceClient(f"http://127.0.0.1:{port}/", "secret", 0.5).fetch([A])
    assert (caught.value.code, caught.value.permanent) == ("connection", False)
