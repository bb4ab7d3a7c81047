"""Folds the rows of one ticket of another system into its life here: state, events, and one run of `resolve`.

History is recorded as it was. A step that our own table would not allow is kept and marked `irregular`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from operator import attrgetter
from typing import Any, NamedTuple

from app.domain import kinds, lifecycle
from app.domain.clocks import Calendars, hand_up_level
from app.domain.history_clock import Pause, Run, pauses_of, run_of
from app.domain.history_mapping import SourceMapping, StateRule
from app.domain.lifecycle import CLOSED, IN_PROGRESS, OPEN, REPLIED, WITHDRAWN

FINISHED = frozenset({REPLIED, CLOSED, WITHDRAWN})
ALLOWED_STEPS = frozenset(
    (source, rule.target) for rule in lifecycle.RULES if kinds.COMPLAINT in rule.kinds
    for source in rule.sources if rule.target
)  # fmt: skip
NEW = StateRule(OPEN)
_ENTERS = {REPLIED: "result", CLOSED: "closed", WITHDRAWN: "cancelled"}


class Row(NamedTuple):
    """One row of the file, read but not yet understood: their words, instants in UTC, None where unknown."""

    line: int
    at: datetime
    state: str
    group: str | None = None
    opened: datetime | None = None
    resolved: datetime | None = None
    category: str | None = None
    priority: str | None = None
    channel: str | None = None
    reassignments: int | None = None
    reopenings: int | None = None
    sla: bool | None = None
    waybill: str | None = None
    name: str | None = None
    phone: str | None = None
    address: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The organisation that a group stands for. `site_id` is None where it is a province or headquarters."""

    id: int
    code: str
    site_id: int | None
    province_id: int | None
    level: int = 0


class Moment(NamedTuple):
    """One event to be written: its type, instant (UTC), organisation and data."""

    type: str
    at: datetime
    organisation_id: int | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """A ticket's whole life until the import. `moments` are in their order; as many as `rows` came from the file."""

    number: str
    state: str
    queue: str
    opened_at: datetime
    activity_at: datetime
    accepted_at: datetime | None
    replied_at: datetime | None
    closed_at: datetime | None
    category: str
    priority: str
    channel: str
    group: str
    place: Place | None
    level: int
    overdue: bool
    run: Run
    stage: int
    next_stage_at: datetime | None
    moments: tuple[Moment, ...]
    parties: tuple[Place, ...]
    rows: int
    reassignments: int
    reopenings: int
    sla: bool | None
    last: Row

    @property
    def open(self) -> bool:
        """Whether there is still work to do on it."""
        return self.state in lifecycle.OPEN_STATES


@dataclass(frozen=True)
class World:
    """What folding needs to know beside the rows: the mapping, the organisation of each group, calendars, now (UTC)."""

    mapping: SourceMapping
    places: Mapping[str, Place]
    calendars: Calendars
    now: datetime

    def place(self, group: str | None) -> Place | None:
        """The organisation of a group; an unknown group's is the mapping's default tray, if it names one."""
        return self.places.get(group or "")

    def rule(self, state: str) -> StateRule:
        """What one of their states is here; rows are staged only with states that the mapping has."""
        return self.mapping.states.value(state) or NEW


def fold(number: str, rows: Sequence[Row], world: World) -> Past:
    """The life of one ticket out of its rows, which must be in order of time and, where that is equal, of the file."""
    last, mapping = rows[-1], world.mapping
    rules = [world.rule(row.state) for row in rows]
    states = [rule.to for rule in rules]
    opened = next((row.opened for row in rows if row.opened), rows[0].at)
    place, priority = world.place(last.group), _priority(rows, mapping)
    state = _state(states[-1], place)
    run = _run(rows, rules, opened, priority, world)
    overdue = run.late and state in lifecycle.OPEN_STATES
    reopened = _reopenings(states)
    going_on = state in lifecycle.OPEN_STATES and run.stopped_at is None
    coming = run.coming(world.calendars, world.now, reminds=mapping.effects.remind) if going_on else (0, None)
    return Past(
        number=number, state=state, queue=_queue(state, place, reopened), opened_at=opened, activity_at=last.at,
        accepted_at=_first(rows, states, {IN_PROGRESS, *FINISHED}), replied_at=_first(rows, states, {REPLIED}),
        closed_at=_last(rows, states, {state}) if state in (CLOSED, WITHDRAWN) else None,
        category=_category(rows, mapping), priority=priority, channel=_channel(rows, mapping),
        group=last.group or "", place=place, level=_level(place, run, overdue, world.now), overdue=overdue, run=run,
        stage=coming[0], next_stage_at=coming[1],
        moments=tuple(_moments(rows, states, opened, run, world)), parties=_parties(rows, world), rows=len(rows),
        reassignments=_counter(rows, "reassignments", bool(mapping.columns.reassignments), _changes(rows)),
        reopenings=_counter(rows, "reopenings", bool(mapping.columns.reopenings), reopened), sla=last.sla, last=last,
    )  # fmt: skip


def _state(last: str, place: Place | None) -> str:
    """Work that no site has lies in a tray, and only an `open` ticket can be given to a site from there."""
    in_tray = place is None or place.site_id is None
    return OPEN if in_tray and last in lifecycle.OPEN_STATES else last


def _queue(state: str, place: Place | None, reopened: int) -> str:
    action = "repeat_reopens" if reopened else "claim"
    routed = place is not None and place.site_id is not None
    return lifecycle.queue_after(action, state, routed=routed, before="")


def _run(rows: Sequence[Row], rules: Sequence[StateRule], opened: datetime, priority: str, world: World) -> Run:
    pauses: list[Pause] = pauses_of([row.at for row in rows], [rule.pauses for rule in rules])
    limit = world.mapping.policy.limit_for(priority)
    states = [rule.to for rule in rules]
    stopped = _result_at(rows, states)
    return run_of(limit, opened, stopped, pauses, world.calendars, world.now, void=states[-1] == WITHDRAWN)


def _result_at(rows: Sequence[Row], states: Sequence[str]) -> datetime | None:
    """When the result was given: what the file's own column says in the last row; where that is unknown, the last row
    in `replied`, else the last in `closed`. A ticket that was opened again after it has no result yet."""
    named = rows[-1].resolved
    if states[-1] not in FINISHED:
        return named if named and named >= rows[-1].at else None
    return named or _last(rows, states, {REPLIED}) or _last(rows, states, {CLOSED, WITHDRAWN})


def _first(rows: Sequence[Row], states: Sequence[str], wanted: set[str]) -> datetime | None:
    return next((row.at for row, state in zip(rows, states, strict=True) if state in wanted), None)


def _last(rows: Sequence[Row], states: Sequence[str], wanted: set[str]) -> datetime | None:
    return next((row.at for row, state in zip(reversed(rows), reversed(states), strict=True) if state in wanted), None)


def _latest(rows: Sequence[Row], name: str) -> str:
    """The last known value of a column."""
    get = attrgetter(name)
    return next((value for row in reversed(rows) if (value := get(row))), "")


def _category(rows: Sequence[Row], mapping: SourceMapping) -> str:
    return mapping.categories.value(_latest(rows, "category")) or mapping.defaults.category


def _priority(rows: Sequence[Row], mapping: SourceMapping) -> str:
    return mapping.priorities.value(_latest(rows, "priority")) or mapping.defaults.priority


def _channel(rows: Sequence[Row], mapping: SourceMapping) -> str:
    return mapping.channels.value(_latest(rows, "channel")) or mapping.defaults.channel


def _level(place: Place | None, run: Run, overdue: bool, now: datetime) -> int:
    own = place.level if place else 0
    return max(own, hand_up_level(run.due_at, now)) if overdue else own


def _counter(rows: Sequence[Row], name: str, has_column: bool, counted: int) -> int:
    """The source's own counter at its highest; a file without one is counted."""
    if not has_column:
        return counted
    get = attrgetter(name)
    return max((value for row in rows if (value := get(row)) is not None), default=0)


def _changes(rows: Sequence[Row]) -> int:
    known = [row.group for row in rows if row.group]
    return sum(a != b for a, b in pairwise(known))


def _reopenings(states: Sequence[str]) -> int:
    return sum(a in FINISHED and b not in FINISHED for a, b in pairwise(states))


def _parties(rows: Sequence[Row], world: World) -> tuple[Place, ...]:
    """Everybody who had the ticket, once."""
    found = {place.id: place for row in rows if (place := world.place(row.group)) is not None}
    return tuple(found.values())


def _moments(rows: Sequence[Row], states: Sequence[str], opened: datetime, run: Run, world: World) -> Iterator[Moment]:
    """The receipt and the start of the clock, then the rows, and between them the clock's breach and stop."""
    place = world.place(rows[-1].group)
    site = place.site_id if place else None
    first = rows[0]
    data = {"imported": True, "source": world.mapping.name, "raw_category": first.category or ""}
    yield Moment("received", opened, None, data)
    yield Moment("clock_started", opened, None, _started(run, site))
    waiting = [Moment(kind, at, None, _ended(run, paused)) for kind, at, paused in run.ends()]
    for moment in _row_moments(rows, states, world):
        while waiting and waiting[0].at < moment.at:
            yield waiting.pop(0)
        yield moment
    yield from waiting


def _started(run: Run, site: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "imported": True, "kind": "resolve", "run": 1, "due_at": run.first_due.isoformat(),
        "minutes": run.limit.minutes, "calendar": run.limit.calendar, "organisation_id": site,
    }  # fmt: skip
    if run.state == "running" and run.due_at != run.first_due:  # no later event of the import would tell
        found["counted_due"] = run.due_at.isoformat()
    return found


def _ended(run: Run, paused: int) -> dict[str, Any]:
    """Due and time waited explain the outcome; which rows it waited after is in the rows' own events."""
    return {
        "imported": True, "kind": "resolve", "run": 1, "due_at": run.due_at.isoformat(), "in_time": not run.late,
        "paused_seconds": paused,
    }  # fmt: skip


def _row_moments(rows: Sequence[Row], states: Sequence[str], world: World) -> Iterator[Moment]:
    before, had = "", 0
    for row, state in zip(rows, states, strict=True):
        place = world.place(row.group)
        moved = place is not None and place.id != had
        data: dict[str, Any] = {
            "imported": True, "row": row.line, "state": row.state, "from": before, "to": state,
            "group": row.group or "",
        }  # fmt: skip
        if (before or OPEN) != state and (before or OPEN, state) not in ALLOWED_STEPS:
            data["irregular"] = True
        if place is not None:
            had = place.id
            data |= {"site_id": place.id, "site_code": place.code, "level": place.level}
        yield Moment(_type(before, state, moved), row.at, place.id if place else None, data)
        before = state


def _type(before: str, state: str, moved: bool) -> str:
    """The event of ours that a row is; what is none of them is `imported`."""
    if state != before and state in _ENTERS:
        return _ENTERS[state]
    if state == IN_PROGRESS and before in ("", OPEN):
        return "claimed"
    return "routed" if moved and state in lifecycle.OPEN_STATES else "imported"
