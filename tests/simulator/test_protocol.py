"""The envelope from the platform's side, against the published test vector."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from simulator.protocol import ProtocolError, digest, encode, form, open_envelope, read_answer, read_stamp, stamp


def test_digest_is_the_published_vector():
    assert digest(b"hello1234", "key123") == "ufYU7rvXhHY3IDyZgyt6SA=="


def test_an_envelope_is_read_back():
    message = {"work_order_code": "A+1", "text": "虚假签收 & 100%"}
    kind, body = open_envelope(form(encode(message), "WORK_ORDER_ISSUE", "s"), "s")
    assert (kind, body) == ("WORK_ORDER_ISSUE", message)


def test_the_signed_bytes_are_the_sent_bytes():
    fields = parse_qs(form(encode({"a": "签"}), "T", "s").decode())
    assert fields["data_digest"] == [digest(fields["logistics_interface"][0].encode(), "s")]


def test_gbk_bodies_are_read():
    assert open_envelope(form(encode({"a": "签收"}, "gbk"), "T", "s"), "s", "gbk")[1] == {"a": "签收"}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (form(encode({}), "T", "other"), "BAD_SIGNATURE"),
        (b"", "BAD_SIGNATURE"),
        (b"logistics_interface=%7B%7D", "BAD_SIGNATURE"),
        (form(b"[1]", "T", "s"), "BAD_JSON"),
        (form(b"[" * 100_000, "T", "s"), "BAD_JSON"),
        (form(b"\xff", "T", "s"), "BAD_JSON"),
    ],
)
def test_what_cannot_be_trusted_is_refused(raw, code):
    with pytest.raises(ProtocolError) as caught:
        open_envelope(raw, "s")
    assert caught.value.code == code


def test_times_are_shanghai_to_the_second():
    at = datetime(2026, 11, 22, 16, 0, 5, tzinfo=UTC)
    assert stamp(at) == "2026-11-23 00:00:05"
    assert read_stamp("2026-11-23 00:00:05") == at


@pytest.mark.parametrize("text", ["2026-11-23T00:00:05", "2026-1-3 0:0:5", "", None, "2026-11-23 00:00:05 "])
def test_other_times_are_refused(text):
    with pytest.raises(ProtocolError):
        read_stamp(text)


def test_only_a_clear_yes_is_success():
    assert read_answer(200, b'{"success": true}').success
    assert not read_answer(200, b'{"success": "true"}').success
    assert not read_answer(500, b'{"success": true}').success
    assert read_answer(502, b"<html>").code == "HTTP_502"
    assert read_answer(200, b'{"success": false, "errorCode": "X", "errorMsg": "y"}').code == "X"
