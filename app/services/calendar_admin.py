"""What an administrator does to calendars: hours, new calendars, days of a year. Nothing stored is lost or moved.

The due times of running clocks are stored and stay; a change counts for whatever starts, is shortened or goes on after
a pause from now on. What hours and days said before is kept, so that old runs can be explained.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain.calendar_text import NAME_LENGTH, Day, Spans, parse_spans
from app.domain.calendars import ALWAYS, Calendar, at_local
from app.domain.errors import Invalid, NotFound
from app.domain.policy_draft import fits
from app.domain.roles import Actor
from app.models import CalendarDay, CalendarDayBefore, CalendarHours
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.services import calendars, policies
from app.services.transaction import write

FIXED = "always"  # the platform's and the law's own times are absolute: this one stays round the clock
STANDARD = {
    "service": ("服务时间", "Service hours"), "always": ("全天", "Round the clock"),
    "working": ("工作日", "Working days"),
}  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9_]{1,11}")


@dataclass(frozen=True)
class HoursIn:
    """A calendar as typed: its hours as text."""

    label: str
    label_en: str
    spans: str
    working_days_only: bool


@dataclass(frozen=True)
class Named:
    """A calendar of the page: its name, labels, hours, since when, and its former rows, the newest first."""

    name: str
    label: str
    label_en: str
    calendar: Calendar
    since: datetime | None
    former: Sequence[CalendarHours] = ()


@dataclass(frozen=True)
class YearChange:
    """What storing a year's days would change."""

    added: tuple[Day, ...]
    changed: tuple[Day, ...]
    removed: tuple[Day, ...]
    same: int


def listed(session: Session) -> list[Named]:
    """Every calendar in the order of the page."""
    rows: dict[str, list[CalendarHours]] = {}
    order = (CalendarHours.position, CalendarHours.name, CalendarHours.valid_from.desc())
    for row in session.scalars(select(CalendarHours).order_by(*order)):
        rows.setdefault(row.name, []).append(row)
    known, found = calendars.calendars(session), []
    for name in dict.fromkeys([*rows, *known]):
        own = rows.get(name, [])
        label, label_en = (own[0].label, own[0].label_en) if own else STANDARD[name]
        since = own[0].valid_from if own and own[0].valid_from > calendars.BEGINNING else None
        found.append(Named(name, label, label_en, known[name], since, own[1:]))
    return found


def change(*, actor: Actor, name: str, hours: HoursIn, now: datetime) -> None:
    """Give a calendar other hours or labels from now on. Raises NotFound, or Invalid with what is wrong."""
    with write() as session:
        lock_key(session, "calendars")
        known = {one.name: one for one in listed(session)}
        if name not in known:
            raise NotFound("calendar_not_found")
        spans = _checked(session, name, hours, now)
        _keep_standard(session, name)
        position = list(known).index(name)
        session.merge(_row(name, hours, spans, position, actor, now))


def add(*, actor: Actor, name: str, hours: HoursIn, now: datetime) -> None:
    """A new calendar for policies to use. Raises Invalid."""
    with write() as session:
        lock_key(session, "calendars")
        known, wrong = calendars.calendars(session), {}
        if _NAME.fullmatch(name) is None:
            wrong["name"] = "bad_name" if name else "required"
        elif name in known:
            wrong["name"] = "taken"
        spans = _checked(session, name, hours, now, wrong)
        session.add(_row(name, hours, spans, len(known), actor, now))


def _checked(
    session: Session, name: str, hours: HoursIn, now: datetime, wrong: dict[str, str] | None = None
) -> list[list[str]]:
    wrong = dict(wrong or {})
    for field, limit in (("label", 40), ("label_en", 60)):
        value = getattr(hours, field).strip()
        if not value or len(value) > limit:
            wrong[field] = "too_long" if value else "required"
    spans: Spans = ()
    try:
        spans = parse_spans(hours.spans)
    except ValueError as error:
        wrong["spans"] = str(error)
    if spans:
        days = calendars.calendars(session)["working"].days
        calendar = Calendar(spans, hours.working_days_only, days)
        if name == FIXED and calendar != ALWAYS:
            wrong["spans"] = "fixed"
        elif not all(fits(calendar, minutes, now) for minutes in _minutes(session, name)):
            wrong["spans"] = "too_little"
    if wrong:
        raise Invalid(wrong)
    return [[f"{a:%H:%M}", f"{b:%H:%M}"] for a, b in spans]


def _minutes(session: Session, name: str) -> set[int]:
    """The limits that some policy version counts with this calendar: it must hold each of them within a year."""
    every = (limit for rule in policies.rules(session) for limit in rule.limits.values())
    return {limit.minutes for limit in every if limit.calendar == name} | {60}


def _row(name: str, hours: HoursIn, spans: list[list[str]], place: int, actor: Actor, now: datetime) -> CalendarHours:
    return CalendarHours(
        name=name, valid_from=now, spans=spans, working_days_only=hours.working_days_only, position=place,
        label=hours.label.strip(), label_en=hours.label_en.strip(), stored_by_id=actor.user_id,
    )  # fmt: skip


def _keep_standard(session: Session, name: str) -> None:
    """Store the hours that held until now where no row did: runs that they began are explained by them."""
    if (
        name in STANDARD
        and session.scalar(select(CalendarHours.name).where(CalendarHours.name == name).limit(1)) is None
    ):
        known = calendars.calendars(session)[name]
        spans = [[f"{a:%H:%M}", f"{b:%H:%M}"] for a, b in known.spans]
        label, label_en = STANDARD[name]
        hours = HoursIn(label, label_en, "", known.working_days_only)
        row = _row(
            name, hours, spans, list(STANDARD).index(name), Actor(None, "system", None, None), calendars.BEGINNING
        )
        session.add(row)


# --- days ---


def put_day(*, actor: Actor, day: Day, now: datetime) -> None:
    """Make a day a holiday or a make-up day, whatever it was. Raises Invalid (`name`, `day`)."""
    if len(day.name) > NAME_LENGTH:
        raise Invalid({"name": "too_long"})
    with write() as session:
        lock_key(session, "calendars")
        if not day.working and not _still_hold(session, [day], [], now):
            raise Invalid({"day": "too_little"})
        _put(session, actor, [day], now)


def drop_day(*, actor: Actor, day: date, now: datetime) -> None:
    """Let the weekday decide again. Raises NotFound."""
    with write() as session:
        lock_key(session, "calendars")
        if session.get(CalendarDay, day) is None:
            raise NotFound("day_not_found")
        _drop(session, actor, [day], now)


def year_change(session: Session, year: int, days: Iterable[Day]) -> YearChange:
    """What would change if a year had exactly these days: the dry run of `store_year`."""
    had = {row.day: Day(row.day, row.working, row.name) for row in calendars.days_of(session, year)}
    new = {one.day: one for one in days}
    return YearChange(
        added=tuple(one for day, one in new.items() if day not in had),
        changed=tuple(one for day, one in new.items() if day in had and had[day] != one),
        removed=tuple(one for day, one in had.items() if day not in new),
        same=sum(had.get(day) == one for day, one in new.items()),
    )


def store_year(*, actor: Actor, year: int, days: Sequence[Day], now: datetime) -> YearChange:
    """Let a year have exactly these days. Raises Invalid(text) for none at all, and where so many are holidays that a
    limit of a policy would not end."""
    if not days:
        raise Invalid({"text": "required"})
    with write() as session:
        lock_key(session, "calendars")
        difference = year_change(session, year, days)
        if not _still_hold(session, days, [one.day for one in difference.removed], now):
            raise Invalid({"text": "too_little"})
        _put(session, actor, (*difference.added, *difference.changed), now)
        _drop(session, actor, [one.day for one in difference.removed], now)
        return difference


def _still_hold(session: Session, days: Sequence[Day], gone: Sequence[date], now: datetime) -> bool:
    """Whether with these days every calendar still holds each limit of a policy within a year, from now on and from the
    beginning of the years about which they are: what does not end could not be begun, for nobody."""
    known = calendars.calendars(session)
    left = {day: working for day, working in known["working"].days.items() if day not in gone}
    left |= {one.day: one.working for one in days}
    years = {day.year for day in (*gone, *(one.day for one in days))}
    begins = [at_local(date(year - back, 1, 1), time(0)) for year in years for back in (0, 1)]
    return all(
        fits(replace(calendar, days=left), minutes, max(now, begin))
        for name, calendar in known.items() if calendar.working_days_only
        for minutes in _minutes(session, name) for begin in begins
    )  # fmt: skip


def _put(session: Session, actor: Actor, days: Sequence[Day], now: datetime) -> None:
    for one in days:
        row = session.get(CalendarDay, one.day)
        if row is not None and (row.working, row.name) == (one.working, one.name):
            continue
        _remember(session, actor, one.day, row, now)
        if row is None:
            session.add(CalendarDay(day=one.day, working=one.working, name=one.name))
        else:
            row.working, row.name = one.working, one.name


def _drop(session: Session, actor: Actor, days: Sequence[date], now: datetime) -> None:
    for day in days:
        _remember(session, actor, day, session.get(CalendarDay, day), now)
    session.execute(delete(CalendarDay).where(CalendarDay.day.in_(days)))


def _remember(session: Session, actor: Actor, day: date, row: CalendarDay | None, now: datetime) -> None:
    session.add(CalendarDayBefore(
        id=new_id(), day=day, working=row.working if row else None, name=row.name if row else "", until=now,
        stored_by_id=actor.user_id,
    ))  # fmt: skip
