"""What a report of a problem parcel must have."""

from __future__ import annotations

import pytest

from app.domain import problems
from app.domain.problems import CHOICE, DAY, NUMBER, Field

FIELDS = (
    Field("what", "什么", "What"), Field("weight", "重量", "Weight", NUMBER), Field("on", "日期", "On", DAY),
    Field("why", "原因", "Why", CHOICE, options=("甲", "乙")), Field("more", "补充", "More", required=False),
)  # fmt: skip
GOOD = {"what": "左上角破损", "weight": "1.25", "on": "2026-11-18", "why": "乙"}


def test_a_whole_report_has_nothing_wrong():
    assert problems.errors(FIELDS, GOOD) == {}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("what", "", "required"), ("what", "  ", "required"), ("what", "x" * 201, "too_long"),
        ("weight", "heavy", "not_a_number"), ("weight", "-1", "not_a_number"), ("weight", "1.", "not_a_number"),
        ("weight", "１２", "not_a_number"), ("weight", ".5", "not_a_number"), ("on", "18.11.2026", "not_a_date"),
        ("on", "0026-11-18", "not_a_date"), ("why", "丙", "not_an_option"), ("more", "x" * 201, "too_long"),
    ],
)  # fmt: skip
def test_each_wrong_value_is_named(name, value, code):
    assert problems.errors(FIELDS, {**GOOD, name: value}) == {name: code}


@pytest.mark.parametrize(
    ("least", "n", "code"), [(0, 0, ""), (1, 0, "photos_missing"), (1, 1, ""), (0, 9, ""), (0, 10, "too_many")]
)
def test_photos_are_counted_against_the_type_and_against_nine(least, n, code):
    assert problems.photos_error(least, n) == code


def test_fields_come_back_as_they_were_kept():
    assert problems.read(problems.stored(FIELDS)) == FIELDS


def test_every_type_that_a_portal_begins_with_can_be_reported():
    assert len({one.code for one in problems.TYPES}) == len(problems.TYPES) == 11
    for one in problems.TYPES:
        assert len(one.code) <= 24 and len(one.fields) <= problems.MOST_FIELDS
        assert all(field.kind != CHOICE or len(field.options) > 1 for field in one.fields)
    assert problems.OTHER in {one.code for one in problems.TYPES}
