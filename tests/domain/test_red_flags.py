"""What makes a result suspicious, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import audits, pictures, red_flags
from app.domain.red_flags import ResultFacts, ScanFact

AT = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
CAME = AT - timedelta(hours=5)
PLAIN = ResultFacts(at=AT, received_at=CAME, begun_at=AT - timedelta(minutes=30), complainant="王小明")


def flags(**more) -> tuple[str, ...]:
    return red_flags.of(replace(PLAIN, **more), same_text_most=3, quick_seconds=20)


def scan(kind: str, hours: float, note: str = "") -> ScanFact:
    return ScanFact(kind, AT - timedelta(hours=hours), note)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({}, ()),
        ({"same_text": 3}, ()),
        ({"same_text": 4}, ("same_text",)),
        ({"begun_at": AT - timedelta(seconds=19)}, ("too_quick",)),
        ({"begun_at": AT - timedelta(seconds=20)}, ()),
        ({"begun_at": None}, ()),
        ({"measure": "explained"}, ()),
        ({"measure": "redelivered"}, ("no_delivery_scan",)),
        ({"measure": "found", "scans": [scan("SIGN", 9)]}, ("no_delivery_scan",)),  # before the complaint
        ({"measure": "redelivered", "scans": [scan("DELIVER", 1)]}, ()),
        ({"measure": "redelivered", "scans": [scan("DELIVER", -1)]}, ("no_delivery_scan",)),  # after the reply
        ({"reused": True}, ("photo_reused",)),
        ({"own_number": True}, ("own_number",)),
        ({"taken": [AT - timedelta(hours=60)], "scans": [scan("COLLECT", 50)]}, ("photo_old",)),
        ({"taken": [AT - timedelta(hours=40)], "scans": [scan("COLLECT", 50)]}, ()),
        ({"taken": [AT - timedelta(hours=60)]}, ()),  # of a parcel without a trace nothing is known
        ({"signed_by": "门卫", "scans": [scan("SIGN", 9, "本人签收")]}, ("signer_contradicts",)),
        ({"signed_by": "王小明", "scans": [scan("SIGN", 9, "本人签收")]}, ()),
        ({"signed_by": "王小明", "scans": [scan("SIGN", 9, "放入快递柜，取件码已发送")]}, ("signer_contradicts",)),
        ({"signed_by": "菜鸟驿站", "scans": [scan("SIGN", 9, "翠苑驿站代收")]}, ()),
        ({"signed_by": "李四", "scans": [scan("SIGN", 9, "已签收")]}, ()),  # neither says what kind of signer
        ({"signed_by": "前台", "scans": [scan("SIGN", 9, "本人签收"), scan("SIGN", 2, "前台代收")]}, ()),
    ],
)
def test_each_flag_is_raised_by_its_own_facts_alone(facts: dict, wanted: tuple):
    assert flags(**facts) == wanted


def test_one_text_with_other_numbers_in_it_is_the_same_text():
    one = red_flags.spelled("您好，快件 8821 已于14:30送达 138****5678")
    assert one == red_flags.spelled("您好，快件9930 已于 9:05 送达139****1111")
    assert one != red_flags.spelled("您好，快件 8821 正在查找")


@pytest.mark.parametrize(
    ("stamp", "offset", "wanted"),
    [
        ("2026:11:18 14:00:00", "", datetime(2026, 11, 18, 6, tzinfo=UTC)),
        ("2026:11:18 14:00:00\0", "+09:00", datetime(2026, 11, 18, 5, tzinfo=UTC)),
        ("0000:00:00 00:00:00", "", None), ("1970:01:01 00:00:00", "", None), ("yesterday", "", None), ("", "", None),
    ],
)  # fmt: skip
def test_a_cameras_time_is_shanghai_time_unless_it_says_otherwise(stamp: str, offset: str, wanted):
    assert pictures.camera_time(stamp, offset) == wanted


@pytest.mark.parametrize(
    ("mark", "reason", "text", "wrong"),
    [
        ("true", "", "", {}), ("untruthful", "not_called", "", {}), ("incomplete", "no_proof", "", {}),
        ("", "", "", {"mark": "choose"}), ("untruthful", "", "", {"reason": "choose"}),
        ("incomplete", "not_called", "", {"reason": "choose"}), ("incomplete", "other_missing", " ", {"text": "required"}),
        ("true", "", "x" * 501, {"text": "too_long"}),
    ],
)  # fmt: skip
def test_whatever_is_not_true_needs_a_reason_of_its_own_kind(mark, reason, text, wrong):
    assert audits.errors(mark, reason, text) == wrong
