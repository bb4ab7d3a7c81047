"""Tickets in which something happened that may cost a penalty: noted with the event, looked at by the scheduler.

A row is written by whoever holds the ticket's lock and taken by whoever holds it: nothing is missed, nothing is looked
at twice, and nobody ever walks over every open ticket.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.domain.penalty_facts import MOVES
from app.models import Event, PenaltyDue, Ticket
from app.models.dialect import changed, for_update, insert_ignoring
from app.services import gathering
from app.services.transaction import stored, write

POISON_PAUSE = timedelta(minutes=5)
LATE_STOP = "clock_stopped"
CHUNK = 500


def note(session: Session, ticket: Ticket, event: Event) -> None:
    """Note the ticket when the event may be a fact, or take one away; nothing for everything else."""
    late = event.type == LATE_STOP and not event.data.get("in_time")
    if late or event.type in MOVES:
        if ticket in session.new:
            stored(session)
        gathering.insert(session, PenaltyDue, {"ticket_id": ticket.id, "try_at": event.at})


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
    """Note every ticket in which something happened from an instant on; how many (`flask penalties catch-up`).

    Each under its own lock in a short transaction: the portal goes on working meanwhile.
    """
    noted, last = 0, 0
    while ids := _moved(since, last):
        last = ids[-1]
        for ticket_id in ids:
            with write() as session:
                session.execute(for_update(select(Ticket.id).where(Ticket.id == ticket_id)))
                row = insert_ignoring(session, PenaltyDue).values(ticket_id=ticket_id, try_at=now)
                noted += changed(session, row)
    return noted


def _moved(since: datetime, last: int) -> list[int]:
    """The next tickets after an id in which one of the events happened."""
    with write() as session:
        moved = select(Event.ticket_id).where(
            Event.at >= since, Event.type.in_([*MOVES, LATE_STOP]), Event.ticket_id > last
        )
        return list(session.scalars(moved.distinct().order_by(Event.ticket_id).limit(CHUNK)))
