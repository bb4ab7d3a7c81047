"""The envelope: the exact bytes, the exact signature, nothing that two readers could understand differently."""

import base64
import contextlib
import hashlib
import json
import time
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.integrations.platform.link.envelope import MessageError, decode_body, read_envelope, signature, verify

BODY = '{"work_order_code":"A1","description":"投诉 50%+1 & more"}'.encode()


def code_of(call, *arguments):
    with pytest.raises(MessageError) as caught:
        call(*arguments)
    assert caught.value.permanent
    return caught.value.code


def test_the_signature_is_that_of_the_documents():
    assert signature(b"hello1234", "key123") == "ufYU7rvXhHY3IDyZgyt6SA=="


def test_the_signature_is_base64_of_the_raw_digest_not_of_its_hex():
    hexed = base64.b64encode(hashlib.md5(BODY + b"s").hexdigest().encode()).decode()
    assert verify(BODY, signature(BODY, "s"), ["s"])
    assert not verify(BODY, hexed, ["s"])


def test_two_secrets_are_valid_while_they_rotate():
    assert verify(BODY, signature(BODY, "old"), ["new", "old"])
    assert verify(BODY, signature(BODY, "new"), ["new", "old"])
    assert not verify(BODY, signature(BODY, "older"), ["new", "old"])


@pytest.mark.parametrize("digest", ["", " ", "x", "签名", "\ud800", "=" * 24, signature(BODY, "").lower()])
def test_wrong_digests_never_verify(digest):
    assert not verify(BODY, digest, ["s"])
    assert not verify(BODY, digest, [])


def test_an_empty_secret_never_verifies():
    assert not verify(BODY, signature(BODY, ""), [""])


def test_one_changed_byte_breaks_the_signature():
    assert not verify(BODY + b" ", signature(BODY, "s"), ["s"])


def test_a_plus_that_arrived_as_a_space_is_read_as_plus():
    body = next(b for b in (b"%d" % n for n in range(1000)) if "+" in signature(b, "s"))
    raw = b"logistics_interface=" + body + b"&data_digest=" + signature(body, "s").encode()
    envelope = read_envelope(raw)
    assert " " in envelope.data_digest
    assert verify(envelope.logistics_interface, envelope.data_digest, ["s"])


def test_an_envelope_is_read_byte_for_byte():
    raw = urlencode(
        {
            "logistics_interface": BODY,
            "data_digest": signature(BODY, "demo-secret"),
            "msg_type": "WORK_ORDER_ISSUE",
            "logistic_provider_id": "CP",
            "msg_id": "m1",
            "to_code": "T",
        }
    ).encode()
    envelope = read_envelope(raw)
    assert envelope.logistics_interface == BODY
    assert verify(envelope.logistics_interface, envelope.data_digest, ["demo-secret"])
    assert (envelope.msg_type, envelope.provider_id) == ("WORK_ORDER_ISSUE", "CP")
    assert (envelope.msg_id, envelope.to_code) == ("m1", "T")


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_survive_the_envelope(body):
    assert read_envelope(b"logistics_interface=" + quote(body, safe="").encode()).logistics_interface == body


def test_gbk_bytes_are_signed_as_they_are():
    body = '{"description":"虚假签收"}'.encode("gbk")
    raw = urlencode({"logistics_interface": body, "partner_code": "菜鸟".encode("gbk")}).encode()
    envelope = read_envelope(raw, "gbk")
    assert envelope.logistics_interface == body
    assert envelope.provider_id == "菜鸟"
    assert decode_body(envelope.logistics_interface, "gbk") == {"description": "虚假签收"}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "missing_field"),
        (b"data_digest=x", "missing_field"),
        (b"logistics_interface=", "missing_field"),
        (b"logistics_interface=a&logistics_interface=a", "duplicate_field"),
        (b"logistics_interface=a&msg_type=1&msg%5Ftype=1", "duplicate_field"),
        (b"logistics_interface=a" + b"".join(b"&f%d=1" % n for n in range(40)), "too_many_fields"),
        (b"&" * 100_000, "too_many_fields"),
        (b"logistics_interface=a&msg_type=" + b"x" * 41, "field_too_long"),
        (b"logistics_interface=a&msg_type=%ff", "bad_encoding"),
        (b"logistics_interface=a&msg_id=%00", "bad_encoding"),
    ],
)
def test_a_doubtful_envelope_is_refused(raw, code):
    assert code_of(read_envelope, raw) == code


def test_a_missing_digest_is_an_empty_one():
    assert read_envelope(b"logistics_interface=a").data_digest == ""


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"{}{}", "bad_json"),
        (b"\xef\xbb\xbf{}", "bad_json"),
        (b'{"a":"\n"}', "bad_json"),
        (b'{"a":"unfinished', "bad_json"),
        (b"\xff{}", "bad_encoding"),
        ('{"a":"签收"}'.encode("gbk"), "bad_encoding"),
        (b"<request/>", "xml_not_supported"),
        (b"  \n<?xml version='1.0'?><a/>", "xml_not_supported"),
        (b'{"a":"\x00"}', "nul"),
        (b'{"a":["\\u0000"]}', "nul"),
        (b'{"\\u0000":1}', "nul"),
        (b'{"a":"\\ud800"}', "lone_surrogate"),
        (b'{"\\udfff":1}', "lone_surrogate"),
        (b'{"a":1,"a":1}', "duplicate_key"),
        (b'{"x":[{"a":1,"\\u0061":2}]}', "duplicate_key"),
        (b'{"a":NaN}', "bad_number"),
        (b'{"a":-Infinity}', "bad_number"),
        (b'{"a":1e999}', "bad_number"),
        (b'{"a":9223372036854775808}', "bad_number"),
        (b'{"a":' + b"9" * 100_000 + b"}", "bad_number"),
        (b"[]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"a":' + b"[" * 50 + b"]" * 50 + b"}", "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
    ],
)
def test_json_is_decoded_strictly(body, code):
    started = time.perf_counter()
    assert code_of(decode_body, body) == code
    assert time.perf_counter() - started < 2


def test_fifty_levels_and_brackets_inside_strings_are_fine():
    assert decode_body(b'{"a":' + b"[" * 49 + b"]" * 49 + b"}")
    assert decode_body(json.dumps({"a": "[{" * 1000 + '\\"['}).encode())["a"].startswith("[{[{")


def test_a_real_pair_of_surrogates_is_a_character():
    assert decode_body(b'{"a":"\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_rare_characters_of_gbk_senders_are_read():
    assert decode_body('{"a":"𠮷"}'.encode("gb18030"), "gbk") == {"a": "𠮷"}


def test_quotes_without_an_end_cost_linear_time():
    started = time.perf_counter()
    assert code_of(decode_body, b'{"a":"' + b'\\"' * 400_000) == "bad_json"
    assert code_of(decode_body, b'"' * 800_001) == "bad_json"
    assert time.perf_counter() - started < 3


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), st.integers(-(2**62), 2**62)))
def test_every_clean_object_comes_back(value):
    assert decode_body(json.dumps(value).encode()) == value
    assert decode_body(json.dumps(value, ensure_ascii=False).encode()) == value


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["utf-8", "gbk"]))
def test_no_bytes_raise_anything_but_a_message_error(body, charset):
    for call in (decode_body, read_envelope):
        with contextlib.suppress(MessageError):
            call(body, charset)
