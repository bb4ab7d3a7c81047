"""The named calendars and the days that differ from their weekday, read from their tables and kept per process.

Hours and days change only through `calendar_admin`, which keeps what they said before: `calendars_at` gives the
calendars of any instant, so that an old run is explained by the hours it was counted with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

import chinese_calendar
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.domain.calendar_text import Day
from app.domain.calendars import ALWAYS, Calendar, local_date, standard_calendars
from app.models import CalendarDay, CalendarDayBefore, CalendarHours
from app.models.together import Question, ask
from app.services.transaction import drop, keep, kept

NOVEMBER = 11  # the State Council publishes the next year's days in this month
SEEDED_YEARS = range(2015, 2028)
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_cached: dict[Any, _Tables] = {}
_KEPT = "calendars"


@dataclass(frozen=True)
class Hours:
    """A row of a calendar, outliving its session."""

    name: str
    valid_from: datetime
    spans: list[list[str]]
    working_days_only: bool
    label: str
    label_en: str


@dataclass
class _Tables:
    """Everything the tables say, and the calendars made of it so far, by what of it they were made of."""

    hours: dict[str, list[Hours]]  # the oldest row first
    days: dict[date, bool]
    before: list[tuple[datetime, date, bool | None]]  # the newest change first
    made: dict[Any, dict[str, Calendar]] = field(default_factory=dict)


def calendars(session: Session) -> Mapping[str, Calendar]:
    """The named calendars of limits as they are now, among them "service", "always" and "working" (service hours of
    working days). Kept per process until a table changes."""
    return _now(_tables(session))


def calendars_at(session: Session, at: datetime) -> Mapping[str, Calendar]:
    """The named calendars as they were at an instant; one that is younger counts with its first hours."""
    return timeline(session)(at)


def timeline(session: Session) -> Callable[[datetime], Mapping[str, Calendar]]:
    """`calendars_at` for many instants: the tables are looked at once."""
    tables = _tables(session)
    now = _now(tables)
    changes = [rows[-1].valid_from for rows in tables.hours.values()] + [until for until, _, _ in tables.before[:1]]
    newest = max(changes, default=BEGINNING)

    def at_instant(at: datetime) -> Mapping[str, Calendar]:
        return now if at >= newest else _then(tables, at)

    return at_instant


def _now(tables: _Tables) -> Mapping[str, Calendar]:
    if None not in tables.made:
        tables.made[None] = _made({name: rows[-1] for name, rows in tables.hours.items()}, tables.days)
    return tables.made[None]


def _then(tables: _Tables, at: datetime) -> Mapping[str, Calendar]:
    rows = {name: _valid(rows, at) for name, rows in tables.hours.items()}
    undone = [change for change in tables.before if change[0] > at]
    key = (len(undone), *sorted((name, row.valid_from) for name, row in rows.items()))
    if key not in tables.made:
        tables.made[key] = _made(rows, _days_before(tables.days, undone))
    return tables.made[key]


def hours_at(session: Session, name: str, at: datetime) -> Hours | None:
    """The row of a calendar that held at an instant; None for a standard calendar that was never stored."""
    rows = _tables(session).hours.get(name)
    return _valid(rows, at) if rows else None


def forget() -> None:
    """Read the tables anew at the next call: for whoever edits a day without changing any count."""
    _cached.clear()


def _tables(session: Session) -> _Tables:
    return kept(session, _KEPT, lambda: _look(session))


def _stamp() -> Question:
    working = func.coalesce(func.sum(case((CalendarDay.working, 1), else_=0)), 0)
    hours = select(func.count()).select_from(CalendarHours).scalar_subquery()
    before = select(func.count()).select_from(CalendarDayBefore).scalar_subquery()
    statement = select(func.count(), working, func.min(CalendarDay.day), func.max(CalendarDay.day), hours, before)
    return Question(statement.select_from(CalendarDay))


STAMP = _stamp()


def _look(session: Session) -> _Tables:
    return _stamped(session, ask(session, STAMP())[0][0])


def know(session: Session, stamp: tuple[Any, ...]) -> None:
    """The answer to STAMP, asked together with something else: a write transaction need not ask again."""
    keep(session, _KEPT, _stamped(session, stamp))


def _stamped(session: Session, stamp: tuple[Any, ...]) -> _Tables:
    key = tuple(stamp)
    found = _cached.get(key)
    if found is None:
        found = _read(session)
        _cached.clear()
        _cached[key] = found
    return found


def _read(session: Session) -> _Tables:
    hours: dict[str, list[Hours]] = {}
    columns = [getattr(CalendarHours, field.name) for field in fields(Hours)]
    order = (CalendarHours.position, CalendarHours.name, CalendarHours.valid_from)
    for values in session.execute(select(*columns).order_by(*order)):
        hours.setdefault(values.name, []).append(Hours(*values))
    days = {row.day: row.working for row in session.execute(select(CalendarDay.day, CalendarDay.working))}
    changes = select(CalendarDayBefore.until, CalendarDayBefore.day, CalendarDayBefore.working)
    newest_first = changes.order_by(CalendarDayBefore.until.desc(), CalendarDayBefore.id.desc())
    return _Tables(hours, days, [(until, day, working) for until, day, working in session.execute(newest_first)])


def _made(rows: Mapping[str, Hours], days: Mapping[date, bool]) -> dict[str, Calendar]:
    """Calendars of these rows over the standard ones."""
    return {**standard_calendars(days), **{name: calendar_of(row, days) for name, row in rows.items()}}


def calendar_of(row: Hours | CalendarHours, days: Mapping[date, bool]) -> Calendar:
    """A stored row as the rules want it."""
    spans = tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in row.spans)
    if spans == ALWAYS.spans and not row.working_days_only:
        return ALWAYS
    return Calendar(spans, row.working_days_only, days)


def _valid(rows: list[Hours], at: datetime) -> Hours:
    return next((row for row in reversed(rows) if row.valid_from <= at), rows[0])


def _days_before(days: Mapping[date, bool], undone: list[tuple[datetime, date, bool | None]]) -> dict[date, bool]:
    """The days with the changes taken back, the newest change first."""
    found = dict(days)
    for _, day, working in undone:
        if working is None:
            found.pop(day, None)
        else:
            found[day] = working
    return found


# --- the days that are published ---


def seed_days(session: Session, years: Iterable[int] = SEEDED_YEARS) -> list[int]:
    """Add the days of these years that differ from their weekday; the years that nobody has published yet.

    Days that the table already holds stay as they are: an edited day is never overwritten. The caller commits.
    """
    known = set(session.scalars(select(CalendarDay.day)))
    missing = []
    for year in years:
        days = published(year)
        if not days:
            missing.append(year)
        session.add_all(CalendarDay(day=one.day, working=one.working, name=one.name)
                        for one in days if one.day not in known)  # fmt: skip
    session.flush()
    drop(session, _KEPT)
    return missing


def missing_years(session: Session, now: datetime) -> list[int]:
    """The years whose days are needed but not in the table: this one, and from November on the next one."""
    today = local_date(now)
    wanted = [today.year, today.year + 1] if today.month >= NOVEMBER else [today.year]
    return [year for year in wanted if not days_of(session, year)]


def days_of(session: Session, year: int) -> list[CalendarDay]:
    """The stored days of a year in order."""
    within = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    return list(session.scalars(select(CalendarDay).where(within).order_by(CalendarDay.day)))


@cache
def published(year: int) -> tuple[Day, ...]:
    """The days of a year that are not what their weekday says; empty when the library does not know the year."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    try:
        return tuple(
            Day(day, chinese_calendar.is_workday(day), _name(day))
            for day in days
            if day.year == year and chinese_calendar.is_workday(day) != (day.weekday() < 5)
        )
    except NotImplementedError:
        return ()


def _name(day: date) -> str:
    """The holiday's name; a make-up day carries the name of the holiday that it pays for."""
    english = chinese_calendar.get_holiday_detail(day)[1]
    if english is None:
        return ""
    chinese = str(chinese_calendar.Holiday(english).chinese)
    return f"{chinese}调休" if chinese_calendar.is_workday(day) else chinese
