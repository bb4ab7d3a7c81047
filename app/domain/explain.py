"""Explaining a due time: how a limit was counted, a line a local day, down to the stored second (rulebook 4 and 8).

A run is a chain of legs. It begins with one; each shortening (rulebook 3.12) begins another at its own instant. A leg
is counted here step by step and has to end where `clocks` put the due: `Explanation.agrees` says whether it does.
Instants are timezone-aware; results are UTC.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app.domain.calendars import (
    NOTHING,
    ONE_DAY,
    SEARCH_DAYS,
    Calendar,
    add_time,
    local_date,
    open_spans,
    time_between,
)
from app.domain.clocks import Limit, due_at, paused_due, resolve_due

COUNTED, CLOSED, PAUSED, NOON, CAPPED = "counted", "closed", "paused", "noon", "capped"
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Pause:
    """The time from `begins` to `ends` does not count; None while the pause lasts."""

    begins: datetime
    ends: datetime | None = None


@dataclass(frozen=True)
class Leg:
    """One stretch of arithmetic: so much limit from `begins`, with the pauses in it.

    high_limit: given for an urgent `resolve` run, whose due follows the rule of the following service day.
    stood_still: open time that an imported history counts as waiting without telling when.
    """

    limit: Limit
    begins: datetime
    pauses: tuple[Pause, ...] = ()
    high_limit: Limit | None = None
    stood_still: timedelta = NOTHING


@dataclass(frozen=True)
class Line:
    """One step. `what`: "counted" (the open `spans` of a local day), "closed" (days without any), "paused", "noon" (an
    urgent due outside service hours moves to `ends`), "capped" (never later than `high` would be: `ends`).

    counted: what the step used of the limit; left: what remains of it afterwards.
    """

    what: str
    begins: datetime
    ends: datetime
    spans: tuple[Span, ...] = ()
    counted: timedelta = NOTHING
    left: timedelta = NOTHING


@dataclass(frozen=True)
class Explanation:
    """The steps of one leg, the instant at which they end, and the due that was stored."""

    leg: Leg
    lines: tuple[Line, ...]
    amount: timedelta
    due: datetime
    stored: datetime

    @property
    def agrees(self) -> bool:
        """Whether the arithmetic ends in the stored due to the last digit."""
        return self.due == self.stored


def leg_due(leg: Leg, calendars: Mapping[str, Calendar]) -> datetime:
    """The due of a leg as `clocks` computes it: limit, urgent rule, then each ended pause."""
    if leg.high_limit is not None:
        due = resolve_due(leg.limit, leg.begins, calendars, urgent=True, high_limit=leg.high_limit)
    else:
        amount = timedelta(minutes=leg.limit.minutes) + leg.stood_still
        due = add_time(calendars[leg.limit.calendar], leg.begins, amount)
    for pause in leg.pauses:
        if pause.ends is not None:
            due = paused_due(due, pause.begins, pause.ends, leg.limit, calendars)
    return due


def run_due(legs: Sequence[Leg], calendars: Mapping[str, Calendar]) -> datetime:
    """The due of a whole run: a later leg only ever shortens it. Raises ValueError for a run without a leg."""
    return min(leg_due(leg, calendars) for leg in legs)


def explain(leg: Leg, calendars: Mapping[str, Calendar], stored: datetime) -> Explanation:
    """Count a leg step by step. Raises KeyError for an unknown calendar, ValueError where it is never open enough."""
    calendar = calendars[leg.limit.calendar]
    lines: list[Line] = []
    amount = timedelta(minutes=leg.limit.minutes) + leg.stood_still
    if leg.high_limit is not None:
        lines += _urgent_lines(leg, calendars)
        if lines:
            amount = time_between(calendar, leg.begins, lines[-1].ends)
    pauses = sorted((p.begins, p.ends) for p in leg.pauses if p.ends is not None and p.begins < p.ends)
    counted, due = _walk(calendar, leg.begins, amount, pauses)
    stops = [Line(PAUSED, begins, ends) for begins, ends in pauses if begins < due]
    shut = _closed(leg.begins.astimezone(UTC), amount, counted, pauses)
    lines += sorted([*counted, *stops, *shut], key=lambda line: line.begins)
    return Explanation(leg, tuple(lines), amount, due, stored)


def _urgent_lines(leg: Leg, calendars: Mapping[str, Calendar]) -> list[Line]:
    """What the rule of the following service day does to the plain due: nothing, a move to noon, and a cap."""
    assert leg.high_limit is not None  # noqa: S101 - asked by the caller
    plain = due_at(leg.limit, leg.begins, calendars)
    due = resolve_due(leg.limit, leg.begins, calendars, urgent=True, high_limit=leg.high_limit)
    if due == plain:
        return []
    high = due_at(leg.high_limit, leg.begins, calendars)
    return [Line(CAPPED if due == high else NOON, plain, due)]


def _walk(
    calendar: Calendar, start: datetime, amount: timedelta, pauses: Sequence[Span]
) -> tuple[list[Line], datetime]:
    """Use up `amount` day by day outside the pauses; the lines and where it is used up."""
    begin_at = start.astimezone(UTC)
    left, lines, day = amount, [], local_date(begin_at)
    last = max([day, *(local_date(ends) for _, ends in pauses)]) + SEARCH_DAYS * ONE_DAY
    while left > NOTHING:
        if day > last:
            raise ValueError(f"the calendar has not enough open time in {SEARCH_DAYS} days")
        used: list[Span] = []
        for opens, closes in _pieces(calendar, day, begin_at, pauses):
            take = min(closes - opens, left)
            if take > NOTHING:
                used.append((opens, opens + take))
                left -= take
        if used:
            counted = sum((b - a for a, b in used), NOTHING)
            lines.append(Line(COUNTED, used[0][0], used[-1][1], tuple(used), counted, left))
        day += ONE_DAY
    return lines, lines[-1].ends if lines else begin_at


def _pieces(calendar: Calendar, day: date, begin_at: datetime, pauses: Sequence[Span]) -> Iterator[Span]:
    """The open time of a day from `begin_at` on, with the pauses cut out, in order."""
    for opens, closes in open_spans(calendar, day):
        at = max(opens, begin_at)
        for begins, ends in pauses:
            if ends > at and begins < closes:
                if begins > at:
                    yield at, begins
                at = ends
        if at < closes:
            yield at, closes


def _closed(begin_at: datetime, left: timedelta, lines: Sequence[Line], pauses: Sequence[Span]) -> Iterator[Line]:
    """A line for each gap of whole local days before or between the counted ones, unless a pause explains the gap."""
    ended, known = begin_at, local_date(begin_at) - ONE_DAY
    for line in lines:
        day = local_date(line.begins)
        if day - known > ONE_DAY and not any(a < line.begins and b > ended for a, b in pauses):
            yield Line(CLOSED, ended, line.begins, left=left)
        ended, known, left = line.ends, day, line.left
