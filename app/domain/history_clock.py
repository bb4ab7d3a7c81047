"""The one clock of an imported ticket: from its opening to its result, standing still while it waited (rulebook 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.calendars import NOTHING, Calendar, add_time, time_between
from app.domain.clocks import Calendars, Limit, due_at, in_time, stages

Pause = tuple[datetime, datetime | None]  # from, until; None: it had not ended with the last row


@dataclass(frozen=True, slots=True)
class Run:
    """A finished computation of one run; instants are UTC. `first_due` is the due before any pause.

    `paused_seconds` is the open time waited until the stop, `paused_to_due` until the due.
    """

    limit: Limit
    started_at: datetime
    first_due: datetime
    due_at: datetime
    stopped_at: datetime | None
    paused_seconds: int
    paused_to_due: int
    state: str  # running | met | breached | void

    @property
    def late(self) -> bool:
        """Whether the due passed before the result, or passed and there is none."""
        return self.state == "breached"

    @property
    def breached_at(self) -> datetime | None:
        """The due, where it was missed."""
        return self.due_at if self.late else None

    def ends(self) -> list[tuple[str, datetime, int]]:
        """The events of the run after its start, in order, each with the seconds waited until then.

        A breach knows nothing of a wait that went on after it: when the import ran makes no difference to it.
        """
        found = [("clock_breached", self.due_at, self.paused_to_due)] if self.late else []
        if self.stopped_at is not None:
            kind = "clock_void" if self.state == "void" else "clock_stopped"
            found.append((kind, self.stopped_at, self.paused_seconds))
        return found

    def coming(self, calendars: Calendars, now: datetime, *, reminds: bool) -> tuple[int, datetime | None]:
        """The next stage of a run that goes on: its due, or an earlier reminder too if the mapping wants any.

        What lies before the import is never told; where the mapping wants no reminders, `reminders.note` tells nothing.
        """
        line = stages(self.limit, self.started_at, self.due_at, calendars)
        told = (place for place, stage in enumerate(line) if stage.at > now and (reminds or stage.name == "breach"))
        place = next(told, None)
        return (len(line), None) if place is None else (place, line[place].at)


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
    calendar, stop = calendars[limit.calendar], None if stopped is None else end
    paused, to_due = _waited(calendar, spans), _waited(calendar, [(a, min(b, due)) for a, b in spans])
    return Run(limit, opened, first, due, stop, paused, to_due, _state(stop, due, now, void))


def _waited(calendar: Calendar, spans: Sequence[tuple[datetime, datetime]]) -> int:
    return int(sum((time_between(calendar, a, b) for a, b in spans), NOTHING).total_seconds())


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
