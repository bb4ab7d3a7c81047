"""Whatever is thrown at them, the parsers of what comes from outside refuse in their own words or keep what they promise.

A few inputs with the suite, always the same ones; `make fuzz MINUTES=10` throws new ones for as long.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.domain import calendar_text, one_time, placeholders, reply_templates, search, sms_templates, ticket_rows
from app.domain.errors import Invalid
from app.domain.masking import mask_address, mask_name, mask_phone, mask_text
from app.domain.pictures import BadPicture
from app.domain.volumes import read_csv
from app.domain.waybills import MOST_PASTED, is_acceptable, normalise, pasted
from app.integrations.pictures import prepare
from app.integrations.platform import messages, parcel_scans
from app.integrations.platform.driver import Wire
from app.integrations.platform.errors import MessageError, PlatformError
from app.integrations.platform.link import callback, envelope
from app.integrations.platform.pdd import answers, gateway, tickets
from app.integrations.platform.strict_json import decode_body, decode_text
from app.integrations.platform.times import read_time
from app.integrations.sheets_in import BadSheet, rows_of
from app.integrations.sms import SmsError, aliyun, tencent
from app.web import filters
from tests.fuzz.inputs import ISSUE, JSON, LATER, TEXTS, TIMES, WRITABLE, body, damaged, written

pytestmark = pytest.mark.thorough

MANY = int(os.environ.get("FUZZ_EXAMPLES", "0"))
FEW = settings(
    max_examples=MANY or 25, deadline=None, derandomize=not MANY, print_blob=True,
    phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if MANY else [])],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip
ROW = body(
    ("ticket_id", "type_id", "type_name", "title", "description", "status", "urgent_type", "source", "retreat_count",
     "handle_result", "waybill_no", "mail_order_sn", "attach_url", "receive_name", "receive_contact"),
    ("created_at", "updated_at"),
)  # fmt: skip


def refused(read: Callable[[], Any], *errors: type[Exception]) -> Any:
    """What was read, or None where it was refused in its own words."""
    try:
        return read()
    except errors:
        return None


# --- what machines send ---


@FEW
@given(st.one_of(st.binary(max_size=80), damaged(JSON.map(written)), damaged(ISSUE.map(written))))
def test_strict_json_gives_an_object_that_can_be_written_again_or_refuses(raw: bytes) -> None:
    for charset in ("utf-8", "gbk"):
        said = refused(lambda charset=charset: decode_body(raw, charset), MessageError)
        if said is not None:
            again = json.dumps(said, ensure_ascii=False, allow_nan=False).encode("utf-8")
            assert decode_body(again) == said and b"\x00" not in again


@FEW
@given(st.text(st.characters(codec="gb18030"), max_size=60), st.binary(max_size=60))
def test_gbk_is_read_as_it_was_written(text: str, noise: bytes) -> None:
    assert decode_text(text.encode("gb18030"), "gbk") == text
    refused(lambda: decode_text(noise, "gbk"), MessageError)


NAMES = ("logistics_interface", "data_digest", "msg_type", "msg_id", "to_code", "logistic_provider_id", "x")
FORM = st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=90)), max_size=8).map(
    lambda f: urlencode(f).encode()
)


@FEW
@given(st.one_of(st.binary(max_size=120), damaged(FORM)))
def test_an_envelope_is_read_or_refused(raw: bytes) -> None:
    found = refused(lambda: envelope.read_envelope(raw), MessageError)
    if found is not None:
        assert found.logistics_interface and len(found.msg_type) <= 40 and "\x00" not in found.msg_type
        assert not envelope.verify(found.logistics_interface, found.data_digest, [""])


@FEW
@given(st.binary(min_size=1, max_size=90), WRITABLE.filter(bool), st.integers(0, 600))
def test_a_signed_body_comes_out_as_it_went_in_and_one_changed_bit_is_no_longer_believed(
    content: bytes, secret: str, bit: int
) -> None:
    form = {"logistics_interface": content, "data_digest": envelope.signature(content, secret), "msg_type": "X"}
    found = envelope.read_envelope(urlencode(form).encode())
    assert found.logistics_interface == content and envelope.verify(content, found.data_digest, ["other", secret])
    changed = bytearray(content)
    changed[bit // 8 % len(content)] ^= 1 << bit % 8
    assert not envelope.verify(bytes(changed), found.data_digest, [secret])


@FEW
@given(ISSUE, LATER)
def test_a_message_keeps_its_limits_or_is_refused(new: dict[str, Any], later: dict[str, Any]) -> None:
    order = refused(lambda: messages.issue(new), MessageError)
    if order is not None:
        assert 0 < len(order.work_order_code) <= 64 and len(order.description) <= 20_000
        assert len(order.receiver_phone) <= 40 and len(order.receiver_address) <= 300
        assert order.task_expire_time is None or order.task_expire_time.tzinfo is UTC
    told = refused(lambda: messages.follow_up(later), MessageError)
    assert told is None or (told.event_time.tzinfo is UTC and len(told.event_id) <= 64)


@FEW
@given(TIMES.map(str))
def test_a_time_is_a_year_that_can_be_reckoned_with_or_refused(text: str) -> None:
    found = refused(lambda: read_time(text), MessageError, ValueError)
    assert found is None or datetime(1971, 1, 1, tzinfo=UTC) < found < datetime(9000, 1, 1, tzinfo=UTC)


@FEW
@given(st.one_of(ROW, JSON))
def test_a_polled_row_is_read_or_refused(row: Any) -> None:
    for reading in refused(lambda: tickets.read("TICKET", tickets._bytes(row), Wire()), MessageError) or []:
        said = reading.issue or reading.later
        assert said is not None and 0 < len(said.work_order_code) <= 64


@FEW
@given(
    st.one_of(
        st.binary(max_size=60), damaged(st.dictionaries(st.sampled_from(["error_response", "x"]), JSON).map(written))
    )
)
def test_an_answer_of_a_platform_is_one_or_counts_as_none(answer: bytes) -> None:
    said = refused(lambda: gateway._opened(answer), PlatformError)
    assert said is None or isinstance(said, dict)
    for charset in ("utf-8", "gbk"):
        taken = refused(lambda charset=charset: callback._result(answer, charset), PlatformError)
        assert taken is None or taken.ok or len(taken.error_msg) <= 500


@FEW
@given(body(("supplements", "answer", "task_id", "work_order_code", "text", "operate_time", "findings", "choice")))
def test_an_answer_to_a_polled_platform_is_written_or_refused_for_good(payload: dict[str, Any]) -> None:
    whole = {"work_order_code": "1", "text": "x", "supplements": {}, **payload}
    fields = refused(lambda: answers.fields_of(whole, Wire()), PlatformError)
    assert fields is None or json.dumps(fields, allow_nan=False)


@FEW
@given(st.one_of(st.binary(max_size=60), damaged(st.lists(body(
    ("phone_number", "success", "err_code", "biz_id", "out_id", "mobile", "nationcode", "report_status", "sid"),
    ("report_time", "send_time", "user_receive_time"),
), min_size=1, max_size=2).map(written))))  # fmt: skip
def test_receipts_are_read_or_refused(raw: bytes) -> None:
    for gate in (aliyun, tencent):
        for receipt in refused(lambda gate=gate: gate.parse_receipts(raw), SmsError) or []:
            assert receipt.phone.isprintable() and len(receipt.phone) <= 40


@FEW
@given(
    st.one_of(
        JSON,
        st.fixed_dictionaries({"scans": st.lists(body(("mail_no", "scan_type", "site_code", "note"), ("scan_time",)))}),
    )
)
def test_scans_are_read_or_refused(said: Any) -> None:
    if isinstance(said, dict):
        refused(lambda: parcel_scans.read(said), MessageError)


# --- what people paste, type and upload ---


@FEW
@given(TEXTS)
def test_pasted_numbers_are_numbers(text: str) -> None:
    found = refused(lambda: pasted(text), Invalid)
    if found is not None:
        assert len(found.numbers) <= MOST_PASTED and all(map(is_acceptable, (*found.numbers, *found.beyond)))
        assert len({*found.numbers, *found.beyond}) == len(found.numbers) + len(found.beyond)
    assert normalise(normalise(text)) == normalise(text)


@FEW
@given(
    st.one_of(
        TEXTS, st.lists(st.sampled_from(["{{", "}}", "客户", "number", "x", " ", "{", "$"]), max_size=12).map("".join)
    ),
    TEXTS,
)
def test_a_template_is_filled_in_one_pass_from_the_fixed_list(text: str, value: str) -> None:
    asked = placeholders.unknown(text)
    done = placeholders.fill(text, dict.fromkeys(placeholders.NAMES.values(), "\x01"))
    assert placeholders.unknown(done) == asked or "\x01" in done
    assert placeholders.fill("{{客户}}", {"customer": value}) == value
    reply_templates.errors(text, value, text)


@FEW
@given(st.one_of(TEXTS, st.lists(st.sampled_from(["${", "}", "count", "x", "{1}"]), max_size=300).map("".join)))
def test_an_sms_text_is_numbered_and_filled_however_many_places_it_has(text: str) -> None:
    names = sms_templates.placeholders(text)
    assert not sms_templates.placeholders(sms_templates.numbered(text)) or not names
    sms_templates.filled(text, dict.fromkeys(names, text))
    assert list(sms_templates.ordered(text, dict.fromkeys(names, ""))) == list(dict.fromkeys(names))


CELLS = st.one_of(st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False),
                  st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30),
                  st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), st.sampled_from(["分类", "渠道", "内容", "投诉"]))  # fmt: skip


def book(lines: list[list[Any]]) -> bytes:
    made, kept = openpyxl.Workbook(), io.BytesIO()
    for line in lines:
        made.active.append(line)
    made.save(kept)
    return kept.getvalue()


@FEW
@given(damaged(st.lists(st.lists(CELLS, max_size=6), max_size=6).map(book)))
def test_a_sheet_is_rows_of_text_or_refused(data: bytes) -> None:
    rows = refused(lambda: rows_of(data, 50), BadSheet)
    if rows is not None:
        assert len(rows) <= 50 and all(isinstance(cell, str) for row in rows for cell in row)
        for line in ticket_rows.lines_of(rows)[0]:
            assert all(ticket_rows.code_of(name, cell) is not None for name, cell in line.cells.items())


@FEW
@given(st.one_of(TEXTS, st.lists(st.lists(TEXTS, max_size=4).map(",".join), max_size=4).map(
    lambda lines: "\n".join(["month,code,delivered", *lines]))))  # fmt: skip
def test_volumes_and_days_are_rows_with_their_faults(text: str) -> None:
    for row in refused(lambda: read_csv(text), Invalid) or []:
        assert row.faults() or int(row.delivered) >= 0
    days, bad = calendar_text.parse_days(text, 2026)
    assert all(day.day.year == 2026 for day in days) and all(row.code for row in bad)
    refused(lambda: calendar_text.parse_spans(text), ValueError)


@FEW
@given(
    st.one_of(TEXTS, st.text("0123456789０１２ \u2003-", max_size=12), st.text(one_time.ALPHABET + "- a", max_size=14))
)
def test_a_code_is_six_digits_or_nothing(typed: str) -> None:
    assert re.fullmatch(r"[0-9]{6}|", one_time.digits(typed))
    assert re.fullmatch(rf"[{one_time.ALPHABET}]{{10}}|", one_time.recovery(typed))


@FEW
@given(st.one_of(TEXTS, st.text("快复YT12 -*\"'()%_:^", max_size=30)), TEXTS)
def test_a_search_is_words_that_can_be_looked_for(asked: str, text: str) -> None:
    query = search.parse(asked)
    for word in query.words:
        assert word.needles and all(needle == search.fold(needle) for needle in word.needles)
        assert all(len(token) <= search.LONGEST_TOKEN for token in word.tokens)
    search.holds([text], query), search.hits(text, query), search.together(asked)
    pieces = search.excerpt(text, query)
    assert "".join(piece for piece, _hit in pieces).strip("…") in " ".join(text.split())


@FEW
@given(st.dictionaries(st.sampled_from(["queue", "category", "sort", "owner", "site", "after", "q", "page"]), st.one_of(
    TEXTS.map(lambda text: text.encode("utf-8", "replace").decode()),  # as the server decodes
    st.sampled_from(["todo", "all", "mine", "due", "new", "complaint"]))))  # fmt: skip
def test_an_address_names_known_filters_and_a_view_keeps_them(given_: dict[str, str]) -> None:
    found = filters.of(given_)
    kept = filters.stored(filters.query_of(found))
    assert (kept.queue, kept.sort, kept.owner) == (found.queue, found.sort, found.owner)
    assert filters.stored(filters.query_of(kept)) == kept


@FEW
@given(TEXTS)
def test_masks_take_any_text(text: str) -> None:
    assert sum(char.isdigit() for char in mask_phone(text)) <= 5
    mask_name(text), mask_address(text)
    assert "13812345678" not in mask_text(f"{text} 13812345678 {text}")


def picture() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (9, 7), "red").save(kept, "PNG")
    return kept.getvalue()


@FEW
@given(damaged(st.sampled_from([picture(), b"GIF89a", b"\xff\xd8\xff\xe0", b"RIFF0000WEBP", b""])))
def test_a_picture_is_one_or_refused(data: bytes) -> None:
    made = refused(lambda: prepare(data), BadPicture)
    assert made is None or made.data.startswith(b"\xff\xd8")
