"""Working days: seeded from the published years, never overwritten, missing years told."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from app.domain.calendars import add_working_days, is_open, is_working_day
from app.models import CalendarDay
from app.services import calendars

FRIDAY_NOON = datetime(2026, 10, 9, 4, 0, tzinfo=UTC)


@pytest.fixture
def seeded(db_session):
    assert calendars.seed_days(db_session) == [2027]
    db_session.commit()
    return db_session


def test_only_days_that_differ_from_their_weekday_are_kept_with_their_name(seeded) -> None:
    rows = {row.day: (row.working, row.name) for row in seeded.scalars(select(CalendarDay))}
    assert rows[date(2026, 10, 1)] == (False, "国庆节")
    assert rows[date(2026, 10, 10)] == (True, "国庆节调休")
    assert all(working != (day.weekday() < 5) for day, (working, _) in rows.items())


def test_an_edited_day_survives_the_next_seeding(seeded) -> None:
    seeded.get(CalendarDay, date(2026, 10, 10)).working = False
    seeded.commit()
    before = seeded.scalar(select(func.count()).select_from(CalendarDay))
    calendars.seed_days(seeded)
    assert seeded.get(CalendarDay, date(2026, 10, 10)).working is False
    assert seeded.scalar(select(func.count()).select_from(CalendarDay)) == before


def test_a_make_up_saturday_is_open_for_working_time_and_a_holiday_is_not(seeded) -> None:
    working = calendars.calendars(seeded)["working"]
    assert is_open(working, datetime(2026, 10, 10, 4, 0, tzinfo=UTC))
    assert not is_open(working, datetime(2026, 10, 7, 4, 0, tzinfo=UTC))
    assert add_working_days(working.days, FRIDAY_NOON, 1).date() == date(2026, 10, 10)


def test_the_service_calendar_is_open_every_day_and_always_means_always(seeded) -> None:
    table = calendars.calendars(seeded)
    holiday_noon, holiday_night = datetime(2026, 10, 1, 4, tzinfo=UTC), datetime(2026, 10, 1, 18, tzinfo=UTC)
    assert is_open(table["service"], holiday_noon) and not is_open(table["service"], holiday_night)
    assert is_open(table["always"], holiday_night)


def test_a_changed_table_is_seen_at_the_next_call(seeded) -> None:
    monday = date(2026, 11, 23)
    assert is_working_day(calendars.calendars(seeded)["working"].days, monday)
    seeded.add(CalendarDay(day=monday, working=False, name="停业"))
    seeded.commit()
    assert not is_working_day(calendars.calendars(seeded)["working"].days, monday)


def test_an_edited_day_is_seen_after_forget(seeded) -> None:
    first, second = date(2026, 10, 1), date(2026, 10, 10)
    calendars.calendars(seeded)
    seeded.get(CalendarDay, first).working, seeded.get(CalendarDay, second).working = True, False
    seeded.commit()
    calendars.forget()
    days = calendars.calendars(seeded)["working"].days
    assert (days[first], days[second]) == (True, False)


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (datetime(2026, 10, 31, 15, 59, tzinfo=UTC), []),
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), [2027]),  # November has begun in Shanghai
        (datetime(2027, 3, 1, tzinfo=UTC), [2027]),
        (datetime(2027, 12, 1, tzinfo=UTC), [2027, 2028]),
        (datetime(2025, 12, 1, tzinfo=UTC), []),
    ],
)
def test_a_year_without_published_days_is_told_from_november_on(seeded, now: datetime, missing: list[int]) -> None:
    assert calendars.missing_years(seeded, now) == missing
