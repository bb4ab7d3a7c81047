"""The duty roster (值班表): who holds an organisation's duty phone when, and which numbers may stand in it.

An entry holds on one weekday of every week or on one date. It may end after midnight and then belongs to the day on
which it begins. All wall times are Asia/Shanghai.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from app.domain import customer_links
from app.domain.calendars import ONE_DAY, SHANGHAI, at_local, local_date

DUTY, MANAGER, PROVINCE = 0, 1, 2  # the phones that are told one after another while an SMS does not arrive
WALL = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_FIXED = re.compile(r"0(?:10|2\d|[3-9]\d{2})[2-9]\d{6,7}")


@dataclass(frozen=True)
class Shift:
    """One entry. `weekday` counts from Monday = 0; None where `day` is set. `entered_at` and `ended_at` are UTC."""

    id: int
    name: str
    phone: str
    from_time: str
    until_time: str
    entered_at: datetime
    weekday: int | None = None
    day: date | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Span:
    """A part of a day and who holds the phone in it; None is the organisation's own number. UTC, `until` excluded."""

    begins: datetime
    until: datetime
    shift: Shift | None


def on_duty(shifts: Iterable[Shift], now: datetime) -> Shift | None:
    """Who holds the phone at `now`: a dated entry beats a weekly one, of two such the one entered last.

    None where nobody is entered: then the organisation's own duty phone is told.
    """
    holding = [shift for shift in shifts if _holds(shift, now)]
    return max(holding, key=lambda shift: (shift.day is not None, shift.entered_at, shift.id), default=None)


def day_line(shifts: Sequence[Shift], day: date) -> tuple[Span, ...]:
    """A day from midnight to midnight in parts, each with its holder; parts of one holder are joined."""
    begin, end = at_local(day, time(0)), at_local(day + ONE_DAY, time(0))
    edges = {begin, end}
    for shift in shifts:
        for begins, until in (_span(shift, day), _span(shift, day - ONE_DAY)):
            edges |= {at for at in (begins, until) if begin < at < end}
    line: list[Span] = []
    marks = sorted(edges)
    for begins, until in pairwise(marks):
        holder = on_duty(shifts, begins)
        if line and line[-1].shift == holder:
            line[-1] = Span(line[-1].begins, until, holder)
        else:
            line.append(Span(begins, until, holder))
    return tuple(line)


def week_of(day: date) -> tuple[date, ...]:
    """The seven days of the week of `day`, Monday first."""
    monday = day - timedelta(days=day.weekday())
    return tuple(monday + timedelta(days=n) for n in range(7))


def phone_of(text: str) -> str:
    """A mobile number of 11 digits, or a fixed line as area code and number; empty for everything else."""
    mobile = customer_links.mobile(text)
    if mobile:
        return mobile
    digits = re.sub(r"[\s()\-]", "", unicodedata.normalize("NFKC", text)).removeprefix("+86")
    digits = digits if digits.startswith("0") else f"0{digits}" if text.strip().startswith("+86") else digits
    return digits if _FIXED.fullmatch(digits) else ""


def next_phones(rung: int, manager_phone: str, province_phone: str) -> tuple[tuple[int, str], ...]:
    """The phones that are left to tell after the one of `rung` could not be reached, in order."""
    ladder = ((MANAGER, manager_phone), (PROVINCE, province_phone))
    return tuple((step, phone) for step, phone in ladder if step > rung and phone)


def _holds(shift: Shift, now: datetime) -> bool:
    if shift.ended_at is not None and shift.ended_at <= now:
        return False
    today = local_date(now)
    spans = [_span(shift, day) for day in (today, today - ONE_DAY) if _begins_on(shift, day)]
    return any(begins <= now.astimezone(UTC) < until for begins, until in spans)


def _begins_on(shift: Shift, day: date) -> bool:
    return shift.day == day if shift.day is not None else shift.weekday == day.weekday()


def _span(shift: Shift, day: date) -> tuple[datetime, datetime]:
    """From and until on that day; an end at or before the beginning lies on the following day."""
    begins, until = time.fromisoformat(shift.from_time), time.fromisoformat(shift.until_time)
    last = day + ONE_DAY if until <= begins else day
    return datetime.combine(day, begins, SHANGHAI).astimezone(UTC), datetime.combine(last, until, SHANGHAI).astimezone(
        UTC
    )
