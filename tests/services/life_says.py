"""What the complainant says in the model: again, not like that, thank you, never mind (rulebook 3.9, 3.12)."""

from __future__ import annotations

from datetime import datetime

from tests.services.life_model import AT_WORK, LIVE, UNTIL_THE_END, Life
from tests.services.life_time import LIMITS, later, resolve_due


def repeat(life: Life, now: datetime) -> None:
    """Another complaint on the parcel: the red entry, then what it does."""
    life.contact_ends_waiting(now)
    count_repeat(life)
    repeated(life, now)


def count_repeat(life: Life) -> None:
    life.repeats += 1
    life.priority = "urgent"


def repeated(life: Life, now: datetime) -> bool:
    """Back to work with a new resolve run, from closed with fresh clocks; at work the clocks get shorter."""
    if life.state in ("replied", "closed"):
        closed = life.state == "closed"
        life.runs.void(UNTIL_THE_END, now)
        life.accepted, life.objection_over, life.closed_at, life.state = False, False, None, "in_progress"
        if closed:
            law_runs_on(life, now)
        if life.in_tray:
            life.state = "open"
        elif closed:
            life.runs.start("first_reply", now, org=life.assessed)
            life.resolve_anew(now)
            life.reworked = True
        else:
            life.rework(now)
        return True
    if life.state in AT_WORK:
        shorten(life, now)
    return False


def shorten(life: Life, now: datetime) -> None:
    """The earlier of the old due and now + the limit of the new priority."""
    for kind in ("accept", "first_reply"):
        life.runs.earlier(kind, later(now, *LIMITS[kind]), now)
    life.runs.earlier("resolve", resolve_due(life.priority, now), now)


def law_runs_on(life: Life, now: datetime) -> None:
    """The legal clock has neither pause nor restart: open again, it runs on to its old due."""
    law = next(run for run in life.runs if run.kind == "legal")
    if law.ended == "met" and law.due > now:
        law.ended, law.stopped = "", None


def rejected(life: Life, now: datetime) -> bool:
    """An appeal, 24 h for CCS; the site has nothing to do meanwhile, so none of its clocks runs."""
    if life.state not in ("in_progress", "replied", "closed") or not life.answered:
        return False
    was_closed = life.state == "closed"
    life.runs.void((*UNTIL_THE_END, "accept", "first_reply", "resolve"), now)
    life.state, life.accepted, life.closed_at = "appealed", False, None
    life.runs.start("appeal", now)
    if was_closed:
        law_runs_on(life, now)
    return True


def satisfied(life: Life, now: datetime) -> bool:
    """Running clocks stop, in time before their due; the ticket waits for its closing."""
    if life.state not in LIVE:
        return False
    life.runs.stop(("accept", "first_reply", "resolve", "appeal", "delivery", "objection"), now)
    life.state, life.accepted, life.broken, life.answered = "replied", True, False, True
    life.start_close(now)
    return True


def withdrawn(life: Life, now: datetime) -> bool:
    """Out of all measures: no clock runs on and nobody waits for anything."""
    if life.state not in LIVE:
        return False
    life.contact_ends_waiting(now)
    for promise in life.open_promises:
        promise.state, promise.run.ended, promise.run.stopped = "dropped", "void", now
    life.runs.void([run.kind for run in life.runs.going()], now)
    for case in life.cases.values():
        if case.state in ("asked", "disputed", "rejected", "arbitration") or case.contest_until:
            case.state, case.contest_until, case.ruling = "dropped", None, None
    life.accepted = life.objection_over = False
    life.state, life.broken, life.transfer, life.closed_at = "withdrawn", False, None, now
    return True
