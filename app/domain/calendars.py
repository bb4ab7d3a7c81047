"""Calendars: which instants count, and arithmetic over them (rulebook 4: "Calendars know ...").

Instants go in and come out as timezone-aware datetimes, results always in UTC. Wall times are Asia/Shanghai.
A span is half open: at 20:00 a calendar 08:00-20:00 is closed. Every search is bounded, so that a calendar that
never opens is an error and not a hang.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
SEARCH_DAYS = 400  # longer than a year, so that any yearly calendar shows itself at least once

MIDNIGHT = time(0, 0)
ONE_DAY = timedelta(days=1)
NOTHING = timedelta(0)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Calendar:
    """Open hours of a day, and the days they hold on.

    spans: local wall times (from, to) in ascending order, not overlapping; a `to` of 00:00 means 24:00. Split shifts
        are several spans. Hours across midnight are two spans.
    working_days_only: open on working days alone; then `days` says for a local date whether it is one (holiday False,
        make-up day True), and a date that it does not name is working from Monday to Friday.
    Raises ValueError for spans that are empty, out of order, overlapping or carry a time zone. No span at all is
    allowed (a closed calendar), but then `add_time` raises ValueError.
    """

    spans: tuple[tuple[time, time], ...]
    working_days_only: bool = False
    days: Mapping[date, bool] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        previous_end: time | None = None
        for begin, end in self.spans:
            if begin.tzinfo is not None or end.tzinfo is not None:
                raise ValueError("spans are wall times without a time zone")
            if end != MIDNIGHT and end <= begin:
                raise ValueError(f"span {begin}-{end} is empty or crosses midnight")
            if previous_end is not None and (previous_end == MIDNIGHT or begin < previous_end):
                raise ValueError("spans overlap or are out of order")
            previous_end = end


ALWAYS = Calendar(spans=((MIDNIGHT, MIDNIGHT),))
SERVICE = Calendar(spans=((time(8, 0), time(20, 0)),))


def working_calendar(days: Mapping[date, bool]) -> Calendar:
    """Service hours 08:00-20:00 of working days: one working day is 720 minutes of it (default for `ruling`)."""
    return Calendar(spans=SERVICE.spans, working_days_only=True, days=days)


def standard_calendars(days: Mapping[date, bool]) -> dict[str, Calendar]:
    """The three named calendars with their default hours, for `Limit.calendar`: service, always, working."""
    return {"service": SERVICE, "always": ALWAYS, "working": working_calendar(days)}


def local_date(at: datetime) -> date:
    """The date in Shanghai at an instant. Raises ValueError for a datetime without a time zone."""
    return _aware(at).astimezone(SHANGHAI).date()


def at_local(day: date, wall: time) -> datetime:
    """The instant (UTC) at which clocks in Shanghai show `wall` on `day`."""
    return datetime.combine(day, wall, SHANGHAI).astimezone(UTC)


def open_spans(calendar: Calendar, day: date) -> list[tuple[datetime, datetime]]:
    """The open spans of one local date as instants (UTC), in order; an empty list on a closed day."""
    if calendar.working_days_only and not is_working_day(calendar.days, day):
        return []
    return [
        (at_local(day, begin), at_local(day + ONE_DAY, end) if end == MIDNIGHT else at_local(day, end))
        for begin, end in calendar.spans
    ]


def add_time(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The earliest instant (UTC) at which the open time since `start` equals `amount`.

    Twelve hours from 08:00 on a calendar 08:00-20:00 end at 20:00 the same day, not at 08:00 the next. An amount of
    zero gives `start`, also where it lies in closed time. However long the amount, the search goes on while the
    calendar opens: ValueError is for 400 closed days in a row, for what ends after the year 9999, and for a negative
    amount.
    """
    begin_at, left = _aware(start).astimezone(UTC), amount
    if left < NOTHING:
        raise ValueError("an amount of open time is not negative")
    try:
        at_once = begin_at + left
        if left == NOTHING or _is_round_the_clock(calendar):
            return at_once
        return _counted(calendar, begin_at, left)
    except OverflowError:
        raise ValueError("the amount ends after the year 9999") from None


def _counted(calendar: Calendar, begin_at: datetime, left: timedelta) -> datetime:
    """`add_time` day by day. Raises OverflowError at the end of time."""
    day, closed = local_date(begin_at), 0
    while closed <= SEARCH_DAYS:
        spans = open_spans(calendar, day)
        for opens, closes in spans:
            opens = max(opens, begin_at)
            if closes - opens >= left:
                return opens + left
            left -= max(closes - opens, NOTHING)
        closed = 0 if spans else closed + 1
        day += ONE_DAY
    raise ValueError(f"the calendar does not open on {SEARCH_DAYS} days in a row")


def time_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """The open time between two instants; zero where `end` is not after `start`.

    Not limited to 400 days: the loop ends at `end`, and an old ticket is no error.
    """
    begin_at, end_at = _aware(start).astimezone(UTC), _aware(end).astimezone(UTC)
    if end_at <= begin_at:
        return NOTHING
    if _is_round_the_clock(calendar):
        return end_at - begin_at
    total, day, last = NOTHING, local_date(begin_at), local_date(end_at)
    while day <= last:
        for opens, closes in open_spans(calendar, day):
            total += max(min(closes, end_at) - max(opens, begin_at), NOTHING)
        day += ONE_DAY
    return total


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether the instant lies in an open span (the opening instant does, the closing instant does not)."""
    return any(opens <= at < closes for opens, closes in open_spans(calendar, local_date(at)))


def is_working_day(days: Mapping[date, bool], day: date) -> bool:
    """Whether a local date is a working day: what `days` says (holidays, make-up days), else Monday to Friday."""
    return days.get(day, day.weekday() < 5)


def add_working_days(days: Mapping[date, bool], start: datetime, n: int) -> datetime:
    """The same wall time in Shanghai on the n-th working day after the date of `start`, as UTC.

    The date of `start` itself is never counted, working day or not; n = 0 gives `start`. Raises ValueError for a
    negative n and where 400 days hold fewer than n working days.
    """
    local = _aware(start).astimezone(SHANGHAI)
    if n < 0:
        raise ValueError("a number of working days is not negative")
    day, left = local.date(), n
    for _ in range(SEARCH_DAYS):
        if left == 0:
            break
        day += ONE_DAY
        left -= is_working_day(days, day)
    if left:
        raise ValueError(f"fewer than {n} working days in {SEARCH_DAYS} days")
    return at_local(day, local.time())


def day_bounds(at: datetime) -> tuple[datetime, datetime]:
    """Start (included) and end (excluded) of the Shanghai day of an instant, in UTC."""
    day = local_date(at)
    return at_local(day, MIDNIGHT), at_local(day + ONE_DAY, MIDNIGHT)


def month_of(at: datetime) -> str:
    """The month "YYYY-MM" in Shanghai to which an instant belongs (rulebook 4: "that instant gives its month")."""
    day = local_date(at)
    return f"{day.year:04d}-{day.month:02d}"


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """Start (included) and end (excluded) of a Shanghai month "YYYY-MM", in UTC. Raises ValueError if malformed."""
    match = _MONTH.fullmatch(month)
    if match is None:
        raise ValueError(f"not a month YYYY-MM: {month!r}")
    first = date(int(match[1]), int(match[2]), 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return at_local(first, MIDNIGHT), at_local(following, MIDNIGHT)


def _is_round_the_clock(calendar: Calendar) -> bool:
    return not calendar.working_days_only and calendar.spans == ALWAYS.spans


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a datetime without a time zone names no instant")
    return at
