"""Which days are working days: a table seeded from the published years, editable, and the calendars made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import chinese_calendar
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.domain.calendars import Calendar, local_date, standard_calendars
from app.models import CalendarDay

NOVEMBER = 11  # the State Council publishes the next year's days in this month
SEEDED_YEARS = range(2015, 2028)
_cached: dict[Any, dict[str, Calendar]] = {}


def seed_days(session: Session, years: Iterable[int] = SEEDED_YEARS) -> list[int]:
    """Add the days of these years that differ from their weekday; the years that nobody has published yet.

    Days that the table already holds stay as they are: an edited day is never overwritten. The caller commits.
    """
    known = set(session.scalars(select(CalendarDay.day)))
    missing = []
    for year in years:
        days = _published(year)
        if not days:
            missing.append(year)
        session.add_all(CalendarDay(day=day, working=working, name=name)
                        for day, (working, name) in days.items() if day not in known)  # fmt: skip
    session.flush()
    return missing


def calendars(session: Session) -> Mapping[str, Calendar]:
    """The named calendars of limits: "service" (08:00-20:00 every day), "always", "working" (service hours of working
    days). Kept per process until the table changes."""
    working = func.coalesce(func.sum(case((CalendarDay.working, 1), else_=0)), 0)
    statement = select(func.count(), working, func.min(CalendarDay.day), func.max(CalendarDay.day))
    key = tuple(session.execute(statement.select_from(CalendarDay)).one())
    if key not in _cached:
        days = {row.day: row.working for row in session.scalars(select(CalendarDay))}
        _cached.clear()
        _cached[key] = standard_calendars(days)
    return _cached[key]


def forget() -> None:
    """Read the table anew at the next call: for whoever edits a day without changing any count."""
    _cached.clear()


def missing_years(session: Session, now: datetime) -> list[int]:
    """The years whose days are needed but not in the table: this one, and from November on the next one."""
    today = local_date(now)
    wanted = [today.year, today.year + 1] if today.month >= NOVEMBER else [today.year]
    return [year for year in wanted if not _has_days(session, year)]


def _has_days(session: Session, year: int) -> bool:
    within = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    return session.scalar(select(CalendarDay.day).where(within).limit(1)) is not None


@cache
def _published(year: int) -> dict[date, tuple[bool, str]]:
    """The days of a year that are not what their weekday says: (working, name); empty when not published."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    try:
        return {
            day: (chinese_calendar.is_workday(day), _name(day))
            for day in days
            if day.year == year and chinese_calendar.is_workday(day) != (day.weekday() < 5)
        }
    except NotImplementedError:
        return {}


def _name(day: date) -> str:
    """The holiday's name; a make-up day carries the name of the holiday that it pays for."""
    english = chinese_calendar.get_holiday_detail(day)[1]
    if english is None:
        return ""
    chinese = str(chinese_calendar.Holiday(english).chinese)
    return f"{chinese}调休" if chinese_calendar.is_workday(day) else chinese
