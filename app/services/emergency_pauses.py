"""Lets the site clocks of an emergency stand still and run on: each ticket in a short transaction (rulebook 4)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.domain.lifecycle import OPEN_STATES
from app.domain.roles import SYSTEM
from app.models import Clock, Emergency, Pause, Ticket
from app.services import clocks, desk, emergency_rules, journal, moves, pauses
from app.services.transaction import write

log = logging.getLogger(__name__)
BATCH = 100


def run(session: Session, now: datetime, limit: int = BATCH) -> int:
    """End what is over and begin what has begun; the number of tickets that changed (the scheduler)."""
    due = select(Pause.ticket_id).where(
        Pause.ended_at.is_(None), Pause.ends_at <= now, Pause.reason == emergency_rules.REASON
    )
    over = list(session.scalars(due.order_by(Pause.ends_at, Pause.id).limit(limit)))
    session.rollback()
    done = sum(_safely(_end, ticket_id, now) for ticket_id in over)
    still = select(Emergency.id).where(emergency_rules.in_force(now), Emergency.pauses.is_(True))
    periods = list(session.scalars(still))
    session.rollback()
    for emergency_id in periods:
        touched = _untouched(session, emergency_id, now, limit)
        done += sum(_safely(_begin, ticket_id, now) for ticket_id in touched)
    return done


def _untouched(session: Session, emergency_id: int, now: datetime, limit: int) -> list[int]:
    """Open tickets of the area with a running site clock that is not late, and that do not stand still yet."""
    row = session.get_one(Emergency, emergency_id)
    runs = exists().where(
        Clock.ticket_id == Ticket.id, Clock.kind.in_(clocks.SITE_CLOCKS), Clock.stopped_at.is_(None),
        Clock.state == "running", Clock.due_at > now,
    )  # fmt: skip
    statement = select(Ticket.id).where(Ticket.standing_still.is_(False), Ticket.state.in_(OPEN_STATES), runs)
    if row.province_id is not None:
        statement = statement.where(Ticket.province_id == row.province_id)
    found = list(session.scalars(statement.order_by(Ticket.id).limit(limit)))
    session.rollback()
    return found


def _safely(step: Callable[[Session, int, datetime], bool], ticket_id: int, now: datetime) -> int:
    """One that raises is reported and does not stop the others."""
    try:
        with write() as session:
            return int(step(session, ticket_id, now))
    except Exception:
        log.exception("emergency: ticket %s left as it is", ticket_id)
        return 0


def _begin(session: Session, ticket_id: int, now: datetime) -> bool:
    ticket = moves.locked_ticket(session, ticket_id)
    until = emergency_rules.holds_until(session, ticket.province_id, now)
    if ticket.standing_still or until is None or ticket.state not in OPEN_STATES:
        return False
    pause = emergency_rules.stand(session, ticket, until, now)
    clocks.pause(session, ticket, now)
    _finish(session, ticket, "emergency_pause", pause, now, now)
    return True


def _end(session: Session, ticket_id: int, now: datetime) -> bool:
    """The pause ends when it was to end, however late somebody looks; one that waits for the customer goes on. Where
    another period takes over at that instant the clocks stand still without a gap."""
    ticket = moves.locked_ticket(session, ticket_id)
    statement = select(Pause).where(
        Pause.ticket_id == ticket.id, Pause.reason == emergency_rules.REASON, Pause.ended_at.is_(None)
    )
    spans = [span for span in session.scalars(statement) if span.ends_at <= now]
    if not spans:
        return False
    at = emergency_rules.over_at(session, ticket.province_id, max(span.ends_at for span in spans), now)
    for span in spans:
        span.ends_at = at
    if at > now:
        return False
    for span in spans:
        span.ended_at = at
    if ticket.waiting_until is not None and ticket.waiting_until <= at:  # over before, seen only now
        pauses.end(session, ticket, "over", now)
    ticket.standing_still = False
    if ticket.waiting_until is None:
        clocks.resume(session, ticket, at)
    _finish(session, ticket, "emergency_over", spans[-1], at, now)
    return True


def _finish(session: Session, ticket: Ticket, kind: str, pause: Pause, at: datetime, now: datetime) -> None:
    data = {"pause_id": pause.id, "until": pause.ends_at}
    event = journal.append(session, ticket, kind, actor=SYSTEM, now=at, data=data)
    active = ticket.activity_at
    desk.finish(session, ticket, event, now)
    ticket.activity_at = active
