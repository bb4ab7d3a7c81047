"""What an administrator types becomes spans and days, or is named with its row."""

from datetime import date, time

import pytest

from app.domain.calendar_text import Day, days_text, parse_days, parse_spans, spans_text

SPLIT = ((time(8), time(12)), (time(13, 30), time(20)))


@pytest.mark.parametrize(
    "text", ["08:00-12:00 13:30-20:00", "8:00–12:00，13:30～20:00", "08:00 - 12:00\n13:30 至 20:00", "08：00-12：00、13：30-20：00"]
)  # fmt: skip
def test_split_shifts_are_read_as_people_write_them(text: str) -> None:
    assert parse_spans(text) == SPLIT


def test_midnight_is_the_end_of_a_day_too() -> None:
    assert parse_spans("00:00-24:00") == ((time(0), time(0)),)
    assert spans_text(parse_spans("20:00-24:00")) == "20:00-24:00"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" ", "required"), ("8-12", "bad_span"), ("25:00-26:00", "bad_span"), ("08:00-12:60", "bad_span"),
        ("12:00-08:00", "bad_order"), ("08:00-12:00 11:00-13:00", "bad_order"), ("22:00-24:00 01:00-02:00", "bad_order"),
    ],
)  # fmt: skip
def test_what_cannot_be_hours_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(ValueError, match=f"^{code}$"):
        parse_spans(text)


def test_a_pasted_year_is_read_and_every_bad_row_is_named() -> None:
    text = (
        "date,kind,name\n2027-01-01,holiday,元旦\n2027/2/7\t上班\t春节调休\n\n2027年10月1日，放假，国庆节\n"
        "2027-02-30,holiday,\n2026-01-01,holiday,\n2027-05-01,maybe,\n2027-01-01,working,\n2027-05-02,holiday,"
        + "长"
        * 61
    )
    days, bad = parse_days(text, 2027)
    assert days == [
        Day(date(2027, 1, 1), False, "元旦"), Day(date(2027, 2, 7), True, "春节调休"),
        Day(date(2027, 10, 1), False, "国庆节"),
    ]  # fmt: skip
    assert [(row.row, row.code) for row in bad] == [
        (6, "bad_date"), (7, "other_year"), (8, "bad_kind"), (9, "twice"), (10, "too_long"),
    ]  # fmt: skip


def test_what_is_written_out_is_read_back() -> None:
    days = [Day(date(2027, 1, 1), False, "元旦"), Day(date(2027, 1, 3), True, "元旦调休")]
    assert parse_days(days_text(days), 2027) == (days, [])
