"""Timestamps of other systems become instants."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.history_times import instant, micros, reader

SHANGHAI, STOCKHOLM = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Stockholm")
AT = datetime(2016, 3, 1, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("%d/%m/%Y %H:%M", "1/3/2016 12:05"),
        ("%d/%m/%Y %H:%M", " 01/03/2016 12:05 "),
        ("%m/%d/%Y %I:%M %p", "03/01/2016 12:05 PM"),
        ("%d-%b-%Y %H:%M:%S %z", "01-Mar-2016 06:05:00 +0200"),
        ("iso", "2016-03-01T12:05:00"),
        ("iso", "2016-03-01 05:05:00+01:00"),
        ("iso", "2016-03-01T04:05:00Z"),
        ("epoch", "1456805100"),
        ("epoch_ms", "1456805100000"),
    ],
)
def test_one_instant_in_many_spellings(layout, text):
    assert reader(layout, SHANGHAI)(text) == AT


def test_an_offset_in_the_text_wins_over_the_zone():
    assert reader("iso", STOCKHOLM)("2016-03-01T12:05:00+08:00") == AT


def test_a_wall_time_that_comes_twice_is_the_first_one():
    assert reader("iso", STOCKHOLM)("2016-10-30T02:30:00") == datetime(2016, 10, 30, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "?", "31/2/2016 10:00", "2016-03-01", "1/3/16 12:05", "1/3/2016 12:05 x", "٣/3/2016 12:05"]
)
def test_a_text_of_another_form_is_refused(text):
    with pytest.raises(ValueError):
        reader("%d/%m/%Y %H:%M", SHANGHAI)(text)


@pytest.mark.parametrize(("layout", "text"), [("epoch", "1e300"), ("iso", "0001-01-01T00:00:00"), ("epoch", "nan")])
def test_an_instant_that_no_calendar_has_is_refused(layout, text):
    with pytest.raises(ValueError):
        reader(layout, SHANGHAI)(text)


def test_microseconds_and_back():
    exact = datetime(2016, 3, 1, 4, 5, 6, 789_123, tzinfo=UTC)
    assert instant(micros(exact)) == exact
