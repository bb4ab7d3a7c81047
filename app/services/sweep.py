"""Finds what time alone has changed: reminder stages, breaches, hand-ups, objection windows, broken promises.

Due rows are stored and indexed; each is taken in a short transaction and written with a guard, so that any number of
sweepers is harmless. A row that raises is pushed ahead and reported; it never stops the line.
It is not the row's fault when the database is locked or away: then it waits for seconds only.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.roles import SYSTEM
from app.models import Clock, Event, Ticket
from app.models.several import batched
from app.services import (
    calendars,
    clock_levels,
    clock_runs,
    clocks,
    desk,
    gathering,
    journal,
    lateness,
    moves,
    presumption,
    promise_clock,
    reminders,
    settling,
    waiting,
    work,
)
from app.services.transaction import DATABASE_AWAY, write

log = logging.getLogger(__name__)
BATCH = 200
TOGETHER = 100  # clocks under one commit: few enough that nobody waits long for their tickets
POISON_PAUSE = timedelta(minutes=5)
AWAY_PAUSE = timedelta(seconds=10)  # the deadline is still told within a minute
LCS_LEVEL, CCS_LEVEL = 1, 2


@dataclass(frozen=True)
class Due:
    """A clock whose next stage has come."""

    clock_id: int
    ticket_id: int


def run(session: Session, now: datetime, limit: int = BATCH) -> int:
    """Advance every clock whose next stage has come; the number of clocks looked at."""
    due = select(Clock.id, Clock.ticket_id).where(Clock.next_stage_at <= now).order_by(Clock.next_stage_at, Clock.id)
    rows = [Due(*row) for row in session.execute(due.limit(limit))]
    session.rollback()
    for some in batched(rows, TOGETHER):
        if not _together(some, now):
            for one in some:
                _alone(one, now)
    return len(rows) + waiting.run_out(session, now, limit) + presumption.finalise(session, now, limit)


def _together(rows: list[Due], now: datetime) -> bool:
    """Advance several clocks under one commit; False where one of them raised, so that nothing is done."""
    try:
        with write() as session:
            gathered = gathering.begin(session)
            tickets = clock_runs.locked_of_all(session, {one.ticket_id for one in rows})
            active = {one.id: one.activity_at for one in tickets.values()}
            runs = [(tickets[one.ticket_id], _run(session, tickets[one.ticket_id], one, now)) for one in rows]
            due = [(ticket, clock) for ticket, clock in runs if clock is not None]
            reminders.ahead_of_all(session, due)
            for ticket, clock in due:
                _advance(session, ticket, clock, now)
            gathering.end(session, gathered)
            for ticket in tickets.values():
                ticket.activity_at = active[ticket.id]
            work.refresh_all(session, gathered.tickets.values(), now)
    except Exception as error:
        log.warning("sweep: %d clocks one by one: %r", len(rows), error)
        return False
    return True


def _alone(one: Due, now: datetime) -> None:
    try:
        with write() as session:
            ticket = moves.locked_ticket(session, one.ticket_id)
            clock_runs.locked(session, ticket)
            clock, at = _run(session, ticket, one, now), ticket.activity_at
            if clock is not None:
                _advance(session, ticket, clock, now)
                ticket.activity_at = at
    except Exception as error:
        log.exception("sweep: clock %s pushed ahead", one.clock_id)
        pause = AWAY_PAUSE if isinstance(error, DATABASE_AWAY) else POISON_PAUSE
        with write() as session:
            pushed = update(Clock).where(Clock.id == one.clock_id, Clock.next_stage_at <= now)
            session.execute(pushed.values(next_stage_at=now + pause))


def _run(session: Session, ticket: Ticket, one: Due, now: datetime) -> Clock | None:
    """The locked run, if it still waits to be advanced."""
    for clock in clock_runs.of(session, ticket):
        if clock.id == one.clock_id:
            waits = clock.next_stage_at is not None and clock.next_stage_at <= now and clock.stopped_at is None
            return clock if waits else None
    return None


def _advance(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> None:
    if clock.kind == "objection":
        event: Event | None = settling.objection_over(session, ticket, clock)
    elif clock.kind == "delivery":
        event = settling.unconfirmed(session, ticket, clock, now)
    elif clock.kind == "promise":
        event = promise_clock.advance(session, ticket, clock, now)
    elif clock.kind in ("platform", "legal"):
        event = _absolute(session, ticket, clock, now)
    else:
        event = _stages(session, ticket, clock, now)
    if event is not None:
        desk.finish(session, ticket, event, now)


def _absolute(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> Event:
    """Platform and legal time: no reminder to the site, but a flag and, for the law, the CCS from day five."""
    if clock.kind == "legal":
        ticket.level = CCS_LEVEL  # also where nobody looked between day five and the due
    if now < clock.due_at:
        clock.next_stage_at = clock.due_at
        return journal.append(session, ticket, "handed_up", actor=SYSTEM, now=now, data={"level": CCS_LEVEL})
    return _breach(session, ticket, clock, now, None)


def _stages(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> Event | None:
    """Walk over every stage that has come; only the last one is told, the breach is always written down."""
    reminders.ahead(session, ticket, clock)
    line = clocks.stages(clock, calendars.calendars_at(session, clock.started_at))  # stages keep their places
    event, told = None, None
    while clock.stage < len(line) and line[clock.stage].at <= now:
        told = line[clock.stage]
        clock.stage += 1
        if told.name == "breach":
            event = _breach(session, ticket, clock, now, LCS_LEVEL)
        elif told.name == "after_1" and clock_levels.goes_up(ticket, clock):
            ticket.level = CCS_LEVEL
            event = journal.append(session, ticket, "handed_up", actor=SYSTEM, now=now, data={"level": CCS_LEVEL})
    if clock.stopped_at is None:
        clock.next_stage_at = line[clock.stage].at if clock.stage < len(line) else None
    if told is not None:
        reminders.note(session, ticket, clock, told.name, now)
    return event


def _breach(session: Session, ticket: Ticket, clock: Clock, now: datetime, level: int | None) -> Event:
    clock.state, clock.breached_at = "breached", clock.due_at
    if clock.kind in ("platform", "legal"):
        clock.next_stage_at = None
    if level is not None and clock.kind in clock_levels.MARKS_OVERDUE:
        ticket.level = max(ticket.level, level)
    data = {"kind": clock.kind, "run": clock.run, "due_at": clock.due_at, "organisation_id": clock.organisation_id}
    event = journal.append(session, ticket, "clock_breached", actor=SYSTEM, now=now, data=data)
    lateness.book(session, ticket, clock, now)
    presumption.on_breach(session, ticket, clock, now)
    return event
