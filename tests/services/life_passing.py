"""What time alone does in the model: breaches, objection windows, broken promises, silence (rulebook 3.7, 3.9, 3.10, 4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tests.services.life_model import UNTIL_THE_END, Case, Life
from tests.services.life_runs import Run
from tests.services.life_time import next_working_day


def sweep(life: Life, now: datetime) -> None:
    """Everything that is due by `now`, one after the other."""
    while (found := _first(life, now)) is not None:
        found()
    for case in life.cases.values():
        if case.contest_until is not None and case.contest_until < now:
            case.contest_until = None


def _first(life: Life, now: datetime) -> Callable[[], None] | None:
    found: list[tuple[datetime, Callable[[], None]]] = [
        (run.due, lambda run=run: _due(life, run, now))
        for run in life.runs.going()
        if run.due <= now and not run.paused and not run.seen_late
    ]
    if life.waiting is not None and life.waiting <= now:
        found.append((life.waiting, lambda: life.contact_ends_waiting(now)))
    return min(found, key=lambda one: one[0])[1] if found else None


def _due(life: Life, run: Run, now: datetime) -> None:
    if run.kind == "objection":
        life.runs.end(run, run.due)
        life.objection_over = True
        life.start_close(run.due)
    elif run.kind == "delivery":
        life.runs.end(run, run.due)
        life.start_objection(run.started)
    elif run.kind == "promise":
        _broken(life, run, now)
    else:
        run.seen_late = True
        life.booked(run)
        _silence(life, run, now)


def _broken(life: Life, run: Run, now: datetime) -> None:
    """Kept by a call that somebody made and nobody ticked; else back to 处理中 on top of the queue with 12 h (3.7)."""
    promise = next(one for one in life.promises if one.run is run)
    talks = [at for at, org in life.talks if org == run.org and promise.made < at <= promise.due]
    if promise.what == "call_back" and talks:
        promise.state = "kept"
        life.runs.end(run, min(talks))
        life.start_close(now)
        return
    promise.state, run.ended, run.stopped = "broken", "late", now
    life.contact_ends_waiting(now)
    if life.state == "replied":
        life.runs.void(UNTIL_THE_END, now)
        life.rework(now)
    life.broken = True


def _silence(life: Life, run: Run, now: datetime) -> None:
    """Who does not answer is presumed responsible; a dispute that is left lying counts as rejected (3.10)."""
    for case in life.cases.values():
        if run.kind == "party_reply" and run.org == case.org and case.state == "asked":
            presume(life, case, run)
        if run.kind == "ruling" and case.ruling is run and case.state == "disputed":
            case.state, case.ruling = "rejected", None
            life.runs.end(run, now)


def presume(life: Life, case: Case, run: Run) -> None:
    """Contestable for one working day."""
    case.state, case.contest_until = "presumed", next_working_day(run.due)
    life.start_close(run.due)
