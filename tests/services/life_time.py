"""The rulebook's time and limits counted by hand: for the model of a complaint's life, without the rules it tries.

Holds from 18 November to 31 December 2026, which has no public holiday: a working day is Monday to Friday.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

# rulebook 4, the table; "rework" and the return's half hour from 3.2 and 3.9
LIMITS: dict[str, tuple[timedelta, str]] = {
    "accept": (10 * MINUTE, "service"),
    "first_reply": (30 * MINUTE, "service"),
    "rework": (12 * HOUR, "always"),
    "close": (24 * HOUR, "always"),
    "party_reply": (12 * HOUR, "service"),
    "transfer": (30 * MINUTE, "service"),
    "ruling": (12 * HOUR, "working"),
    "appeal": (24 * HOUR, "always"),
    "delivery": (24 * HOUR, "always"),
    "objection": (48 * HOUR, "always"),
    "objection_rework": (24 * HOUR, "always"),
    "legal": (7 * DAY, "always"),
}


def later(start: datetime, amount: timedelta, calendar: str) -> datetime:
    """When `amount` of the calendar's open time has passed since `start`."""
    if calendar == "always" or not amount:
        return start + amount
    at = start.astimezone(CHINA)
    while True:
        opens, closes = _hours(at, calendar)
        begin = max(at, opens)
        if closes - begin >= amount:
            return (begin + amount).astimezone(UTC)
        amount -= max(closes - begin, timedelta())
        at = _next_midnight(at)


def between(start: datetime, end: datetime, calendar: str) -> timedelta:
    """The open time from `start` to `end`."""
    if calendar == "always":
        return end - start
    at, total = start.astimezone(CHINA), timedelta()
    while at < end:
        opens, closes = _hours(at, calendar)
        total += max(min(closes, end) - max(opens, at), timedelta())
        at = _next_midnight(at)
    return total


def _hours(at: datetime, calendar: str) -> tuple[datetime, datetime]:
    opens = at.replace(hour=8, minute=0, second=0, microsecond=0)
    closed = calendar == "working" and at.weekday() >= 5
    return opens, opens if closed else opens + 12 * HOUR


def _next_midnight(at: datetime) -> datetime:
    return (at + DAY).replace(hour=0, minute=0, second=0, microsecond=0)


def resolve_due(priority: str, start: datetime) -> datetime:
    """24 h, urgent 12 h; where that falls outside service hours noon of the following service day, never after 24 h."""
    if priority != "urgent":
        return start + DAY
    due = (start + 12 * HOUR).astimezone(CHINA)
    opens = due.replace(hour=8, minute=0, second=0, microsecond=0)
    if due < opens:
        due = opens + 4 * HOUR
    elif due > opens + 12 * HOUR:
        due = opens + 28 * HOUR
    return min(due.astimezone(UTC), start + DAY)


def next_working_day(at: datetime) -> datetime:
    """The same wall time on the next working day."""
    at += DAY
    while at.astimezone(CHINA).weekday() >= 5:
        at += DAY
    return at


def tried_enough(attempts: Sequence[datetime]) -> bool:
    """Three attempts, two hours between them, in two parts of the day (rulebook 3.8)."""
    times = sorted(attempts)
    return any(
        b - a >= 2 * HOUR and c - b >= 2 * HOUR and len({_part(a), _part(b), _part(c)}) > 1
        for i, a in enumerate(times)
        for j, b in enumerate(times[i + 1 :], i + 1)
        for c in times[j + 1 :]
    )


def _part(at: datetime) -> int:
    hour = at.astimezone(CHINA).hour
    return 0 if hour < 12 else 1 if hour < 18 else 2


def same_day(one: datetime, other: datetime) -> bool:
    """Whether two instants lie on one day in Shanghai."""
    return one.astimezone(CHINA).date() == other.astimezone(CHINA).date()
