"""The one clock of an imported ticket: from its opening to its result, standing still while it waited (rulebook 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.calendars import NOTHING, add_time, time_between
from app.domain.clocks import Calendars, Limit, due_at, in_time

Pause = tuple[datetime, datetime | None]  # from, until; None: it had not ended with the last row


@dataclass(frozen=True, slots=True)
class Run:
    """A finished computation of one run; instants are UTC. `first_due` is the due before any pause."""

    limit: Limit
    started_at: datetime
    first_due: datetime
    due_at: datetime
    stopped_at: datetime | None
    paused_seconds: int
    state: str  # running | met | breached | void

    @property
    def late(self) -> bool:
        """Whether the due passed before the result, or passed and there is none."""
        return self.state == "breached"

    @property
    def breached_at(self) -> datetime | None:
        """The due, where it was missed."""
        return self.due_at if self.late else None

    def ends(self) -> list[tuple[str, datetime]]:
        """The events of the run after its start, in order."""
        found = [("clock_breached", self.due_at)] if self.late else []
        if self.stopped_at is not None:
            found.append(("clock_void" if self.state == "void" else "clock_stopped", self.stopped_at))
        return found


def pauses_of(times: Sequence[datetime], waits: Sequence[bool]) -> list[Pause]:
    """The spans in which a ticket waited: from a row in a pausing state to the next row in another one."""
    found: list[Pause] = []
    begun: datetime | None = None
    for at, waiting in zip(times, waits, strict=True):
        if waiting and begun is None:
            begun = at
        elif not waiting and begun is not None:
            found.append((begun, at))
            begun = None
    return found if begun is None else [*found, (begun, None)]


def run_of(
    limit: Limit,
    opened: datetime,
    stopped: datetime | None,
    pauses: Sequence[Pause],
    calendars: Calendars,
    now: datetime,
    *,
    void: bool = False,
) -> Run:
    """The run from `opened`, with the result at `stopped` or still going on at `now` (all UTC).

    A wait that had not ended with the last row ends with the result, and on an open ticket with the import: from then
    on the clock is ours. A result before the opening (two clocks of another system) counts as given at once.
    """
    end = now if stopped is None else max(stopped, opened)
    spans = [(max(a, opened), min(b or end, end)) for a, b in pauses]
    spans = [(a, b) for a, b in spans if a < b]
    first = due_at(limit, opened, calendars)
    due = counted_due(limit, opened, spans, calendars)
    paused = sum((time_between(calendars[limit.calendar], a, b) for a, b in spans), NOTHING)
    stop = None if stopped is None else end
    return Run(limit, opened, first, due, stop, int(paused.total_seconds()), _state(stop, due, now, void))


def counted_due(
    limit: Limit, started: datetime, spans: Sequence[tuple[datetime, datetime]], calendars: Calendars
) -> datetime:
    """The last instant at which the time outside the spans is not above the limit.

    `clocks.paused_due` leaves a pause out that begins at the very instant of the due; here it counts, so that "in
    time" means what a mapping says: counted time <= limit. (A result in such a pause has used the limit to the minute.)
    """
    calendar = calendars[limit.calendar]
    due = due_at(limit, started, calendars)
    for begin, end in spans:
        if begin > due:
            break
        due = max(due, add_time(calendar, end, time_between(calendar, begin, due)))
    return due


def _state(stopped: datetime | None, due: datetime, now: datetime, void: bool) -> str:
    if void:
        return "void"
    if stopped is not None:
        return "met" if in_time(stopped, due) else "breached"
    return "breached" if due < now else "running"
