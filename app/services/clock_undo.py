"""The clocks of a result that is taken back: what it stopped runs on to the due it always had."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.roles import SYSTEM
from app.models import Clock, Ticket
from app.services import clock_runs, journal

INSTANTS = ("due_at", "breached_at", "next_stage_at")
PLAIN = ("state", "stage", "credited", "organisation_id")


def snapshot(session: Session, ticket: Ticket) -> dict[str, dict[str, Any]]:
    """The runs that have not stopped, by their id."""
    return {str(clock.id): _row(clock) for clock in clock_runs.running(session, ticket)}


def _row(clock: Clock) -> dict[str, Any]:
    instants = {name: getattr(clock, name) for name in INSTANTS}
    return {name: at.isoformat() if at else None for name, at in instants.items()} | {
        name: getattr(clock, name) for name in PLAIN
    }


def run_on(session: Session, ticket: Ticket, before: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
    """Let the runs of the snapshot that have stopped since go on as if nothing had been said; a breach that was only
    found by the stopping is found by the sweep. One that stood still stands still again from its stop on."""
    for clock in clock_runs.of(session, ticket):
        was = before.get(str(clock.id))
        if was is None or clock.stopped_at is None or clock.state == "void":
            continue
        stopped_at, stood = clock.stopped_at, was["state"] == "paused"
        due = clock.due_at if stood else _instant(was["due_at"])
        if clock.organisation_id != was["organisation_id"]:
            _book_back(session, ticket, clock, was["organisation_id"], now)
        clock.state, clock.stopped_at, clock.credited, clock.stage = was["state"], None, was["credited"], was["stage"]
        clock.due_at, clock.breached_at = due or clock.due_at, _instant(was["breached_at"])
        clock.next_stage_at = _instant(was["next_stage_at"])
        run = {"kind": clock.kind, "run": clock.run}
        journal.append(session, ticket, "clock_resumed", actor=SYSTEM, now=now, data={**run, "due_at": clock.due_at})
        if stood:
            clock.paused_at = stopped_at
            journal.append(session, ticket, "clock_paused", actor=SYSTEM, now=stopped_at, data=run)


def _book_back(session: Session, ticket: Ticket, clock: Clock, to: int | None, now: datetime) -> None:
    data = {"clock": clock.kind, "run": clock.run, "from": clock.organisation_id, "to": to, "due_at": clock.due_at}
    clock_runs.book(session, ticket, clock, to)
    journal.append(session, ticket, "lateness_booked", actor=SYSTEM, now=now, data=data)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
