"""Who holds the duty phone: the day beats the week, nights belong to the evening before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain import duty as rule
from app.domain.duty import Shift

WEDNESDAY = date(2026, 11, 18)
ENTERED = datetime(2026, 11, 1, tzinfo=UTC)


def at(text: str, day: date = WEDNESDAY) -> datetime:
    """A wall time in Shanghai as UTC."""
    hour, minute = map(int, text.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def shift(
    n: int, name: str, begins: str, until: str, *, weekday: int | None = 2, day: date | None = None, **more
) -> Shift:
    entered = ENTERED + timedelta(minutes=n)
    return Shift(n, name, f"1380000000{n}", begins, until, entered, None if day else weekday, day, **more)


def name_at(shifts, moment: datetime) -> str:
    holder = rule.on_duty(shifts, moment)
    return holder.name if holder else ""


def test_a_weekly_entry_holds_on_its_weekday_from_its_first_minute_until_before_its_last() -> None:
    week = [shift(1, "张三", "08:00", "20:00")]
    told = [name_at(week, at(t)) for t in ("07:59", "08:00", "19:59", "20:00")]
    assert told == ["", "张三", "张三", ""]
    assert name_at(week, at("12:00", WEDNESDAY + timedelta(days=1))) == ""
    assert name_at(week, at("12:00", WEDNESDAY + timedelta(days=7))) == "张三"


def test_an_entry_for_the_day_beats_that_of_the_week_however_late_the_other_was_entered() -> None:
    both = [shift(1, "替班", "10:00", "12:00", day=WEDNESDAY), shift(2, "张三", "08:00", "20:00")]
    assert [name_at(both, at(t)) for t in ("09:59", "10:00", "12:00")] == ["张三", "替班", "张三"]


def test_a_night_shift_holds_after_midnight_and_belongs_to_the_evening_before() -> None:
    night = [shift(1, "夜班", "20:00", "08:00")]
    next_day = WEDNESDAY + timedelta(days=1)
    assert [name_at(night, at("19:59")), name_at(night, at("20:00"))] == ["", "夜班"]
    assert [name_at(night, at("07:59", next_day)), name_at(night, at("08:00", next_day))] == ["夜班", ""]
    assert name_at(night, at("03:00")) == "", "the morning of the day itself is not this night"


def test_from_and_until_alike_is_a_whole_day() -> None:
    whole = [shift(1, "张三", "08:00", "08:00", day=WEDNESDAY)]
    next_day = WEDNESDAY + timedelta(days=1)
    assert [name_at(whole, m) for m in (at("08:00"), at("07:59", next_day), at("08:00", next_day))] == [
        "张三",
        "张三",
        "",
    ]


def test_of_two_alike_the_one_entered_last_counts() -> None:
    two = [shift(2, "后来", "08:00", "20:00"), shift(1, "先前", "08:00", "20:00")]
    assert name_at(two, at("12:00")) == "后来"


def test_an_ended_entry_holds_nothing_from_its_end_on() -> None:
    ended = [shift(1, "张三", "08:00", "20:00", ended_at=at("12:00"))]
    assert [name_at(ended, at("11:59")), name_at(ended, at("12:00"))] == ["张三", ""]


def test_a_day_is_shown_without_holes_and_without_overlaps() -> None:
    tuesday = 1
    roster = [
        shift(1, "夜班", "22:00", "08:00", weekday=tuesday), shift(2, "白班", "08:00", "20:00"),
        shift(3, "替班", "12:00", "13:00", day=WEDNESDAY),
    ]  # fmt: skip
    line = rule.day_line(roster, WEDNESDAY)
    assert [(p.shift.name if p.shift else "", p.begins) for p in line] == [
        ("夜班", at("00:00")), ("白班", at("08:00")), ("替班", at("12:00")), ("白班", at("13:00")), ("", at("20:00")),
    ]  # fmt: skip
    assert [p.until for p in line[:-1]] == [p.begins for p in line[1:]]
    assert line[-1].until == at("00:00", WEDNESDAY + timedelta(days=1))


def test_a_week_begins_on_monday() -> None:
    week = rule.week_of(WEDNESDAY)
    assert (week[0], week[6], len(week)) == (date(2026, 11, 16), date(2026, 11, 22), 7)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("13812345678", "13812345678"), ("１３８ 1234 5678", "13812345678"), ("+86 138-1234-5678", "13812345678"),
        ("0571-87654321", "057187654321"), ("(010) 62345678", "01062345678"), ("021 2345678", "0212345678"),
        ("+86 571 87654321", "057187654321"),
    ],
)  # fmt: skip
def test_mobile_numbers_and_fixed_lines_are_kept_bare(typed: str, kept: str) -> None:
    assert rule.phone_of(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "1381234567", "138123456789", "87654321", "95546", "4008123456", "电话", "12345678901"]
)
def test_what_no_sms_and_no_call_reaches_is_no_phone(typed: str) -> None:
    assert rule.phone_of(typed) == ""


def test_after_the_duty_phone_comes_the_manager_then_the_province_and_then_nobody() -> None:
    assert rule.next_phones(rule.DUTY, "m", "p") == ((rule.MANAGER, "m"), (rule.PROVINCE, "p"))
    assert rule.next_phones(rule.DUTY, "", "p") == ((rule.PROVINCE, "p"),)
    assert rule.next_phones(rule.MANAGER, "m", "p") == ((rule.PROVINCE, "p"),)
    assert rule.next_phones(rule.PROVINCE, "m", "p") == ()
