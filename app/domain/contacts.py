"""Attempts to reach the complainant: when there were enough of them (rulebook 3.8)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from app.domain.calendars import ONE_DAY, SHANGHAI, at_local, local_date
from app.domain.reminders import send_after

CONTACTS = ("reached_accepts", "reached_denies", "no_answer", "busy", "number_off", "not_the_person")
# How a call about a result may end as well: the complainant, or whom they named, heard it, or does not accept it.
TOLD, TOLD_OTHER, REJECTS = "told", "told_other", "rejects"
REACHED = frozenset({"reached_accepts", "reached_denies", TOLD, REJECTS})
# Why nobody could be reached at all; with one of them a result needs no attempts.
FOR_INCIDENTS = "incident"  # one text for all tickets of an incident: nobody calls eight hundred people first
NO_CONTACT = ("number_expired", "no_number", "customer_refuses_contact", "platform_forbids")

ATTEMPTS, DAY_PARTS = 3, 2
SPACING = timedelta(hours=2)
_PARTS = (("morning", time(0), time(12)), ("afternoon", time(12), time(18)), ("evening", time(18), time(0)))


@dataclass(frozen=True)
class Attempt:
    """One logged attempt: when it began (UTC) and how it ended, a word of CONTACTS."""

    at: datetime
    outcome: str


@dataclass(frozen=True)
class Missing:
    """How many more attempts are needed, and the earliest instant (UTC) at which the next one counts."""

    attempts: int
    next_at: datetime


def reached(attempts: Iterable[Attempt]) -> bool:
    """Whether the complainant was spoken to."""
    return any(attempt.outcome in REACHED for attempt in attempts)


def day_part(at: datetime) -> str:
    """ "morning" before 12:00, "afternoon" until 18:00, then "evening", in Shanghai."""
    wall = at.astimezone(SHANGHAI).time()
    return next(name for name, begin, end in _PARTS if begin <= wall and (wall < end or end == time(0)))


def missing(attempts: Sequence[Attempt], now: datetime) -> Missing | None:
    """What is missing until three attempts lie at least two hours apart in two parts of the day; None when enough.

    Of several ways to go on the one with the fewest attempts, then the earliest, is told. The next instant is never
    at night (22:00 to 08:00), when nobody is called.
    """
    ways = [(_needed(length, parts), _next_at(length, parts, last, now)) for (length, parts), last in _chains(attempts)]
    left, next_at = min(ways, default=(ATTEMPTS, send_after(now)))
    return Missing(left, next_at) if left else None


def _chains(attempts: Sequence[Attempt]) -> list[tuple[tuple[int, frozenset[str]], datetime]]:
    """Every (length up to three, parts of the day) that spaced attempts reach, with the earliest end of each.

    The earliest end is always the best one to go on from, so one instant each is enough.
    """
    ends: dict[tuple[int, frozenset[str]], datetime] = {}
    for at in sorted(attempt.at for attempt in attempts):
        part = day_part(at)
        for (length, parts), last in list(ends.items()):
            if at - last >= SPACING:
                ends.setdefault((min(length + 1, ATTEMPTS), parts | {part}), at)
        ends.setdefault((1, frozenset({part})), at)
    return list(ends.items())


def _needed(length: int, parts: Collection[str]) -> int:
    return max(ATTEMPTS - length, 0 if len(parts) >= DAY_PARTS else 1)


def _next_at(length: int, parts: Collection[str], last: datetime, now: datetime) -> datetime:
    """The earliest instant by day, two hours after the last one; the very last attempt may need another day part."""
    at = send_after(max(now, last + SPACING))
    other = len(parts) < DAY_PARTS and _needed(length, parts) == 1
    while other and day_part(at) in parts:
        at = send_after(_part_end(at))
    return at


def _part_end(at: datetime) -> datetime:
    end = next(end for name, _begin, end in _PARTS if name == day_part(at))
    day = local_date(at)
    return at_local(day + ONE_DAY if end == time(0) else day, end)
