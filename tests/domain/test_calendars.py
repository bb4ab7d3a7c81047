from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendars import (
    ALWAYS,
    SERVICE,
    SHANGHAI,
    Calendar,
    add_time,
    add_working_days,
    day_bounds,
    is_open,
    is_working_day,
    month_bounds,
    month_of,
    standard_calendars,
    time_between,
    working_calendar,
)

# A year's end with a holiday on Thursday and Friday, and its make-up day on the Sunday before.
THU, FRI, MAKE_UP = date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 4)
DAYS = {THU: False, FRI: False, MAKE_UP: True}
SPLIT = Calendar(spans=((time(8), time(12)), (time(13, 30), time(18))))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def hours(n: float) -> timedelta:
    return timedelta(hours=n)


HALF_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2026-03-02 08:00", hours(12), "2026-03-02 20:00"),
        ("2026-03-02 08:00", hours(12) + timedelta(minutes=1), "2026-03-03 08:01"),
        ("2026-03-02 19:59:59.999999", timedelta(minutes=1), "2026-03-03 08:00:59.999999"),
    ],
)
def test_twelve_service_hours_from_opening_end_at_closing_and_not_at_the_next_opening(start, amount, end) -> None:
    assert add_time(SERVICE, at(start), amount) == at(end)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-02 23:10", "2026-03-03 08:30"),
        ("2026-03-02 03:00", "2026-03-02 08:30"),
        ("2026-03-02 20:00", "2026-03-03 08:30"),
    ],
)
def test_time_added_in_closed_time_counts_from_the_next_opening(start, end) -> None:
    assert add_time(SERVICE, at(start), HALF_HOUR) == at(end)


def test_no_time_added_gives_the_start_also_when_closed_and_negative_time_is_refused() -> None:
    assert add_time(SERVICE, at("2026-03-02 23:00"), hours(0)) == at("2026-03-02 23:00")
    with pytest.raises(ValueError):
        add_time(ALWAYS, at("2026-03-02 08:00"), -hours(1))


def test_results_are_utc_whatever_zone_comes_in() -> None:
    start = datetime(2026, 3, 2, 1, 0, tzinfo=timezone(-hours(5)))
    result = add_time(SERVICE, start, hours(1))
    assert result.tzinfo is UTC
    assert result == at("2026-03-02 15:00")


def test_the_lunch_break_of_a_split_shift_does_not_count() -> None:
    assert add_time(SPLIT, at("2026-03-02 11:30"), hours(1)) == at("2026-03-02 14:00")
    assert add_time(SPLIT, at("2026-03-02 11:30"), timedelta(minutes=30)) == at("2026-03-02 12:00")
    assert add_time(SPLIT, at("2026-03-02 12:45"), hours(1)) == at("2026-03-02 14:30")


def test_a_span_to_midnight_ends_at_24_00() -> None:
    late = Calendar(spans=((time(18), time(0)),))
    assert add_time(late, at("2026-03-02 23:00"), hours(1)) == at("2026-03-03 00:00")
    assert add_time(late, at("2026-03-02 23:00"), hours(2)) == at("2026-03-03 19:00")
    assert is_open(late, at("2026-03-02 23:59"))
    assert not is_open(late, at("2026-03-03 00:00"))


def test_always_is_plain_arithmetic_for_years() -> None:
    start = at("2026-03-02 23:10")
    assert add_time(ALWAYS, start, timedelta(days=900)) == start + timedelta(days=900)
    assert time_between(ALWAYS, start, start + timedelta(days=900)) == timedelta(days=900)


def test_holidays_and_weekends_are_skipped_and_make_up_days_count() -> None:
    working = working_calendar(DAYS)
    assert add_time(working, at("2025-12-31 19:00"), hours(2)) == at("2026-01-04 09:00")
    assert add_time(working_calendar({}), at("2026-03-06 19:00"), hours(2)) == at("2026-03-09 09:00")


def test_a_holiday_is_a_date_in_shanghai_and_closes_only_calendars_of_working_days() -> None:
    still_the_eve_in_utc = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)
    working = Calendar(spans=ALWAYS.spans, working_days_only=True, days=DAYS)
    assert not is_open(working, still_the_eve_in_utc)
    assert is_open(working, still_the_eve_in_utc - timedelta.resolution)
    assert is_open(Calendar(spans=ALWAYS.spans, days=DAYS), still_the_eve_in_utc)


def test_a_calendar_without_spans_raises_instead_of_searching_for_ever() -> None:
    closed = Calendar(spans=())
    with pytest.raises(ValueError):
        add_time(closed, at("2026-03-02 08:00"), hours(1))
    assert time_between(closed, at("2026-03-02 08:00"), at("2026-03-09 08:00")) == hours(0)


def test_a_calendar_closed_for_more_than_400_days_raises_and_one_closed_for_a_year_answers() -> None:
    start = at("2026-03-02 08:00")
    closed = {start.date() + timedelta(days=n): False for n in range(402)}
    with pytest.raises(ValueError):
        add_time(working_calendar(closed), start, hours(1))
    year = dict(list(closed.items())[:364])
    assert add_time(working_calendar(year), start, hours(1)) == at("2027-03-01 09:00")


def test_an_amount_longer_than_400_open_days_is_counted_to_its_end() -> None:
    assert add_time(SERVICE, at("2024-01-01 08:00"), hours(12 * 500)) == at("2025-05-14 20:00")
    whole = time_between(working_calendar({}), at("2020-01-01 08:00"), at("2026-01-01 20:00"))
    assert add_time(working_calendar({}), at("2020-01-01 08:00"), whole) == at("2026-01-01 20:00")


def test_a_calendar_that_opens_once_a_year_ends_with_a_huge_amount_too() -> None:
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(366 * 40))
    new_year = working_calendar({day: day.month == day.day == 1 for day in days})
    assert add_time(new_year, at("2026-03-02 08:00"), hours(24)) == at("2028-01-01 20:00")
    assert add_time(new_year, at("2026-03-02 08:00"), hours(12 * 34)) == at("2060-01-01 20:00")
    with pytest.raises(ValueError, match="9999"):
        add_time(new_year, at("2026-03-02 08:00"), hours(24 * 366 * 9000))


@pytest.mark.parametrize(
    "call",
    [
        lambda naive: add_time(SERVICE, naive, hours(1)),
        lambda naive: time_between(SERVICE, naive, naive),
        lambda naive: add_working_days({}, naive, 1),
        month_of,
    ],
)
def test_a_datetime_without_a_zone_is_refused(call) -> None:
    with pytest.raises(ValueError):
        call(at("2026-03-02 08:00").replace(tzinfo=None))


@pytest.mark.parametrize(
    "spans",
    [
        ((time(8), time(8)),),
        ((time(20), time(8)),),
        ((time(8), time(12)), (time(11), time(13))),
        ((time(13), time(18)), (time(8), time(12))),
        ((time(8), time(0)), (time(9), time(10))),
        ((time(8, tzinfo=UTC), time(12)),),
    ],
)
def test_spans_that_make_no_sense_are_refused(spans) -> None:
    with pytest.raises(ValueError):
        Calendar(spans=spans)


def test_spans_may_touch() -> None:
    touching = Calendar(spans=((time(8), time(12)), (time(12), time(20))))
    assert add_time(touching, at("2026-03-02 08:00"), hours(12)) == at("2026-03-02 20:00")
    assert add_time(touching, at("2026-03-02 11:00"), hours(1)) == at("2026-03-02 12:00")


def test_a_calendar_can_be_a_key() -> None:
    assert len({SERVICE, Calendar(spans=SERVICE.spans), working_calendar(DAYS)}) == 2


@pytest.mark.parametrize(
    ("start", "end", "open_hours"),
    [
        ("2026-03-02 19:00", "2026-03-03 09:00", 2),
        ("2026-03-02 21:00", "2026-03-03 07:00", 0),
        ("2026-03-02 10:00", "2026-03-02 10:00", 0),
        ("2026-03-02 10:00", "2026-03-01 10:00", 0),
    ],
)
def test_time_between_leaves_the_night_out_and_is_never_negative(start, end, open_hours) -> None:
    assert time_between(SERVICE, at(start), at(end)) == hours(open_hours)


def test_time_between_works_past_400_days() -> None:
    start = at("2024-03-02 08:00")
    assert time_between(SERVICE, start, start + timedelta(days=800)) == hours(12 * 800)


def test_the_opening_instant_is_open_and_the_closing_instant_is_not() -> None:
    assert is_open(SERVICE, at("2026-03-02 08:00"))
    assert not is_open(SERVICE, at("2026-03-02 07:59:59.999999"))
    assert is_open(SERVICE, at("2026-03-02 19:59:59.999999"))
    assert not is_open(SERVICE, at("2026-03-02 20:00"))
    assert is_open(ALWAYS, at("2026-03-02 00:00"))


def test_working_day_is_what_the_table_says_else_monday_to_friday() -> None:
    assert not is_working_day(DAYS, THU)
    assert is_working_day(DAYS, MAKE_UP)
    assert is_working_day(DAYS, date(2026, 3, 6))
    assert not is_working_day(DAYS, date(2026, 3, 7))


def test_working_days_keep_the_wall_time_and_skip_holidays() -> None:
    assert add_working_days(DAYS, at("2025-12-31 15:20"), 1) == at("2026-01-04 15:20")
    assert add_working_days(DAYS, at("2025-12-31 15:20"), 2) == at("2026-01-05 15:20")
    assert add_working_days({}, at("2026-03-07 10:00"), 1) == at("2026-03-09 10:00")


def test_working_days_count_by_the_shanghai_date() -> None:
    friday_morning = datetime(2026, 3, 5, 16, 30, tzinfo=UTC)  # 00:30 on Friday in Shanghai
    assert add_working_days({}, friday_morning, 1) == at("2026-03-09 00:30")
    assert add_working_days({}, at("2026-03-07 10:00"), 0) == at("2026-03-07 10:00")


@pytest.mark.parametrize("n", [-1, 300])
def test_working_days_out_of_reach_are_refused(n) -> None:
    with pytest.raises(ValueError):
        add_working_days({}, at("2026-03-07 10:00"), n)


def test_the_month_changes_at_midnight_in_shanghai() -> None:
    assert month_of(datetime(2026, 1, 31, 15, 59, 59, 999999, tzinfo=UTC)) == "2026-01"
    assert month_of(datetime(2026, 1, 31, 16, 0, tzinfo=UTC)) == "2026-02"


def test_month_bounds_are_the_shanghai_month_in_utc() -> None:
    assert month_bounds("2026-12") == (
        datetime(2026, 11, 30, 16, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 16, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026-1", "202601", "2026-01\n", "２０２６-01", "", "0000-01"])
def test_a_malformed_month_is_refused(month) -> None:
    with pytest.raises(ValueError):
        month_bounds(month)


def test_day_bounds_are_the_shanghai_day_in_utc() -> None:
    assert day_bounds(at("2026-03-02 00:00")) == (at("2026-03-02 00:00"), at("2026-03-03 00:00"))
    assert day_bounds(at("2026-03-02 23:59")) == (at("2026-03-02 00:00"), at("2026-03-03 00:00"))


def test_the_standard_calendars_have_the_three_names_of_the_limits() -> None:
    named = standard_calendars(DAYS)
    assert set(named) == {"service", "always", "working"}
    assert named["working"].days == DAYS


@pytest.mark.parametrize("year", [1990, 1992, 2015, 2038])
def test_a_month_and_its_instants_agree(year) -> None:
    start, end = month_bounds(f"{year}-06")
    assert month_of(start) == month_of(end - timedelta.resolution) == f"{year}-06"
    assert month_of(end) == f"{year}-07"


# The slow oracle: walk minute by minute with fixed +08:00 arithmetic and no shared code.

ORIGIN = datetime(2026, 1, 1, tzinfo=timezone(hours(8)))
ORIGIN_DATE = date(2026, 1, 1)
MINUTE = timedelta(minutes=1)


@st.composite
def calendars(draw) -> Calendar:
    marks = sorted(draw(st.sets(st.integers(0, 96), min_size=2, max_size=6)))
    pairs = list(zip(marks[::2], marks[1::2], strict=False))
    spans = tuple((time(a // 4, a % 4 * 15), time(b // 4 % 24, b % 4 * 15)) for a, b in pairs)
    named = draw(st.dictionaries(st.integers(0, 20).map(lambda n: ORIGIN_DATE + timedelta(days=n)), st.booleans()))
    return Calendar(spans=spans, working_days_only=draw(st.booleans()), days=named)


def minute_is_open(calendar: Calendar, n: int) -> bool:
    """Whether the n-th minute after 2026-01-01 00:00 (a Thursday) in Shanghai is open."""
    day, minute = divmod(n, 1440)
    when = ORIGIN_DATE + timedelta(days=day)
    weekend = (day + 3) % 7 in (5, 6)
    if calendar.working_days_only and not calendar.days.get(when, not weekend):
        return False
    return any(b.hour * 60 + b.minute <= minute < (e.hour * 60 + e.minute or 1440) for b, e in calendar.spans)


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 7 * 1440), st.integers(0, 1000))
def test_added_time_equals_walking_minute_by_minute(calendar, start, amount) -> None:
    n, left = start, amount
    while left:
        left -= minute_is_open(calendar, n)
        n += 1
    assert add_time(calendar, ORIGIN + start * MINUTE, amount * MINUTE) == ORIGIN + n * MINUTE


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 10 * 1440), st.integers(-100, 10 * 1440))
def test_time_between_equals_counting_open_minutes(calendar, start, length) -> None:
    counted = sum(minute_is_open(calendar, n) for n in range(start, start + length))
    assert time_between(calendar, ORIGIN + start * MINUTE, ORIGIN + (start + length) * MINUTE) == counted * MINUTE


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 20 * 1440))
def test_is_open_equals_the_slow_answer(calendar, n) -> None:
    assert is_open(calendar, ORIGIN + n * MINUTE) == minute_is_open(calendar, n)


seconds = st.integers(0, 30 * 86400).map(lambda n: timedelta(seconds=n))


@settings(max_examples=100, deadline=None)
@given(calendars(), seconds, st.integers(0, 100_000), st.integers(0, 100_000))
def test_adding_in_two_steps_is_adding_at_once_and_between_takes_it_back(calendar, start, first, second) -> None:
    begin, a, b = ORIGIN + start, timedelta(seconds=first), timedelta(seconds=second)
    end = add_time(calendar, begin, a + b)
    assert add_time(calendar, add_time(calendar, begin, a), b) == end
    assert time_between(calendar, begin, end) == a + b
    assert end >= begin
