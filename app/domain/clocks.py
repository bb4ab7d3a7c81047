"""Clocks: due times, pauses, reminder stages and hand-up (rulebook 4).

Datetimes are timezone-aware; results are UTC. A limit is whole minutes of the open time of a named calendar.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from app.domain.calendars import (
    ONE_DAY,
    SEARCH_DAYS,
    Calendar,
    add_time,
    at_local,
    is_open,
    local_date,
    month_of,
    open_spans,
    time_between,
)

Calendars = Mapping[str, Calendar]

NOON = time(12, 0)
SHORT_CLOCK_MINUTES = 120
REPEAT_EVERY = timedelta(hours=4)
REPEATS = 3
LEVEL_SITE, LEVEL_LCS, LEVEL_CCS = 0, 1, 2


@dataclass(frozen=True)
class Limit:
    """How long a clock may run: minutes of the open time of `calendar` ("service", "always" or "working")."""

    minutes: int
    calendar: str

    def __post_init__(self) -> None:
        if self.minutes < 0:
            raise ValueError("a limit is not negative")


@dataclass(frozen=True)
class Stage:
    """One reminder of a clock run: "50", "80", "breach", "after_1", "after_2", "after_3", and its instant (UTC)."""

    name: str
    at: datetime


def due_at(limit: Limit, started_at: datetime, calendars: Calendars) -> datetime:
    """When a clock that starts at `started_at` is due (UTC). Raises KeyError for an unknown calendar name."""
    return add_time(calendars[limit.calendar], started_at, timedelta(minutes=limit.minutes))


def resolve_due(
    limit: Limit, started_at: datetime, calendars: Calendars, *, urgent: bool, high_limit: Limit
) -> datetime:
    """When a `resolve` run is due (UTC); rulebook 4, table, row `resolve`.

    An urgent one whose due falls outside service hours is moved to 12:00 in Shanghai of the following service day: the
    first noon, not before the plain due, of a day with service hours (a due at 03:00 moves to noon of that same day).
    The closing instant of the service hours is inside them. Urgent is never due later than `high_limit` would be.
    """
    due = due_at(limit, started_at, calendars)
    if not urgent:
        return due
    service = calendars["service"]
    if not is_open(service, due) and not is_open(service, due - timedelta.resolution):
        due = _noon_of_service_day(service, due)
    return min(due, due_at(high_limit, started_at, calendars))


def in_time(stopped_at: datetime, due_at: datetime) -> bool:
    """Whether a clock stopped in time: at its due or before."""
    return stopped_at <= due_at


def decided_at(stopped_at: datetime | None, due_at: datetime) -> datetime:
    """The instant at which the clock is decided: the earlier of its stop and its due (UTC)."""
    return (due_at if stopped_at is None else min(stopped_at, due_at)).astimezone(UTC)


def decided_month(stopped_at: datetime | None, due_at: datetime) -> str:
    """The month "YYYY-MM" (Shanghai) in which the clock counts."""
    return month_of(decided_at(stopped_at, due_at))


def raised_due(
    old_due: datetime,
    now: datetime,
    limit: Limit,
    calendars: Calendars,
    *,
    urgent: bool = False,
    high_limit: Limit | None = None,
) -> datetime:
    """The due after a raised priority or a repeat: the earlier of the old due and now + limit (rulebook 3.12 and 4).

    For a `resolve` run raised to urgent give `urgent` and `high_limit`: then the new limit follows `resolve_due`.
    Raises ValueError for `urgent` without `high_limit`.
    """
    if urgent:
        if high_limit is None:
            raise ValueError("an urgent resolve run needs the limit of high")
        return min(old_due, resolve_due(limit, now, calendars, urgent=True, high_limit=high_limit))
    return min(old_due, due_at(limit, now, calendars))


def paused_due(
    due_at: datetime, paused_from: datetime, paused_until: datetime, limit: Limit, calendars: Calendars
) -> datetime:
    """The due after a pause: the open time left when it began runs on from its end (rulebook 4 "Pauses").

    A pause never brings the due forward, and one that begins at or after the due changes nothing.
    """
    if due_at <= paused_from or paused_until <= paused_from:
        return due_at
    calendar = calendars[limit.calendar]
    left = time_between(calendar, paused_from, due_at)
    return max(due_at, add_time(calendar, paused_until, left))


def stages(limit: Limit, started_at: datetime, due: datetime, calendars: Calendars) -> tuple[Stage, ...]:
    """All reminder stages of a clock run in order (rulebook 4 "Reminders").

    A clock whose limit is under 120 minutes has one stage before the breach, at 50 %, others two, at 50 % and 80 % of
    the clock's own open time between start and due. Then the breach at due, then every 4 h (round the clock) three
    times. A run without open time before its due (late on arrival) begins with the breach.
    """
    calendar = calendars[limit.calendar]
    total = time_between(calendar, started_at, due)
    percents = (50,) if limit.minutes < SHORT_CLOCK_MINUTES else (50, 80)
    before = [Stage(str(p), add_time(calendar, started_at, total * p // 100)) for p in percents] if total else []
    after = [Stage(f"after_{n}", due + n * REPEAT_EVERY) for n in range(1, REPEATS + 1)]
    return (*before, Stage("breach", due), *after)


def promise_stages(made_at: datetime, due: datetime) -> tuple[Stage, ...]:
    """The stages of a promise (rulebook 3.7): "hour", one hour before it is due where it was made earlier, and the
    breach."""
    hour = due - timedelta(hours=1)
    before = (Stage("hour", hour),) if hour > made_at else ()
    return (*before, Stage("breach", due))


def due_stages(stages: Sequence[Stage], done: Collection[str], now: datetime) -> tuple[Stage, ...]:
    """The stages whose time has come and that are not done yet (`done` holds their names)."""
    return tuple(stage for stage in stages if stage.at <= now and stage.name not in done)


def next_stage(stages: Sequence[Stage], done: Collection[str], now: datetime) -> Stage | None:
    """The earliest stage after `now` that is not done, or None: the next time to look at this clock."""
    coming = [stage for stage in stages if stage.at > now and stage.name not in done]
    return min(coming, key=lambda stage: stage.at, default=None)


def hand_up_level(due_at: datetime, now: datetime) -> int:
    """Who has the ticket in the overdue queue: 0 nobody yet, 1 the LCS from the breach, 2 the CCS from due + 4 h."""
    if now < due_at:
        return LEVEL_SITE
    return LEVEL_LCS if now < due_at + REPEAT_EVERY else LEVEL_CCS


def _noon_of_service_day(service: Calendar, due: datetime) -> datetime:
    first = local_date(due)
    for offset in range(SEARCH_DAYS + 1):
        day = first + offset * ONE_DAY
        noon = at_local(day, NOON)
        if noon >= due and open_spans(service, day):
            return noon
    raise ValueError(f"no service day within {SEARCH_DAYS} days")
