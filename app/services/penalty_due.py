"""Tickets in which something happened that may cost a penalty: noted with the event, looked at by the scheduler.

A row is written by whoever holds the ticket's lock and taken by whoever holds it: nothing is missed, nothing is looked
at twice, and nobody ever walks over every open ticket.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.orm import Session

from app.domain.penalty_facts import MOVES
from app.models import Event, PenaltyDue, Ticket
from app.models.dialect import changed, insert_ignoring, insert_selected
from app.services.transaction import write

POISON_PAUSE = timedelta(minutes=5)
LATE_STOP = "clock_stopped"


def note(session: Session, ticket: Ticket, event: Event) -> None:
    """Note the ticket when the event may be a fact, or take one away; nothing for everything else."""
    late = event.type == LATE_STOP and not event.data.get("in_time")
    if late or event.type in MOVES:
        session.flush()
        row = insert_ignoring(session, PenaltyDue).values(ticket_id=ticket.id, try_at=event.at)
        session.execute(row)


def waiting(session: Session, now: datetime, limit: int) -> list[int]:
    """The tickets whose turn has come, the oldest first."""
    statement = select(PenaltyDue.ticket_id).where(PenaltyDue.try_at <= now)
    return list(session.scalars(statement.order_by(PenaltyDue.try_at, PenaltyDue.ticket_id).limit(limit)))


def take(session: Session, ticket_id: int) -> bool:
    """Take the note of a ticket whose lock the caller holds; False when somebody else was faster."""
    return changed(session, delete(PenaltyDue).where(PenaltyDue.ticket_id == ticket_id)) == 1


def push_ahead(ticket_id: int, now: datetime) -> None:
    """A ticket that raised is tried again later and stops nobody."""
    with write() as session:
        row = update(PenaltyDue).where(PenaltyDue.ticket_id == ticket_id)
        session.execute(row.values(try_at=now + POISON_PAUSE))


def note_since(since: datetime, now: datetime) -> int:
    """Note every ticket in which something happened from an instant on; one statement (`flask penalties catch-up`)."""
    with write() as session:
        moved = select(Event.ticket_id, func.min(literal(now, PenaltyDue.try_at.type))).where(
            Event.at >= since, Event.type.in_([*MOVES, LATE_STOP])
        )
        return changed(
            session, insert_selected(session, PenaltyDue, ["ticket_id", "try_at"], moved.group_by(Event.ticket_id))
        )
