"""The pause of a ticket that waits for its customer: how it ends, whoever ends it (rulebook 4 "Pauses")."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.roles import SYSTEM, Actor
from app.models import Event, Pause, Ticket
from app.services import clocks, journal

CUSTOMER = "customer"


def of_round(session: Session, ticket: Ticket, number: int) -> Pause | None:
    """The pause of that round, over or not: there is at most one."""
    statement = select(Pause).where(Pause.ticket_id == ticket.id, Pause.reason == CUSTOMER, Pause.round == number)
    return session.scalars(statement.limit(1)).one_or_none()


def end(session: Session, ticket: Ticket, why: str, now: datetime, *, actor: Actor = SYSTEM) -> Event | None:
    """End the waiting, if the ticket waits: the site's clocks run on and the ticket goes back to its queue.

    It ends at the latest when it was to end, however late somebody looks. `why`: contact, reply, platform, link, asked,
    over, moved. Returns the entry; the caller finishes the change.
    """
    if ticket.waiting_until is None:
        return None
    event = None
    rows = session.scalars(select(Pause).where(Pause.ticket_id == ticket.id, Pause.ended_at.is_(None))).all()
    at = min(now, ticket.waiting_until)
    ticket.waiting_until = None
    for pause in rows:
        if pause.reason == CUSTOMER:
            pause.ended_at = at
            ticket.queue = pause.queue_before if ticket.queue == "waiting" else ticket.queue
            data = {
                "pause_id": pause.id,
                "round": pause.round,
                "why": why,
                "started_at": pause.started_at,
                "ended_at": at,
            }
            event = journal.append(session, ticket, "waiting_over", actor=actor, now=at, data={**data, "ended_at": at})
    if all(pause.reason == CUSTOMER for pause in rows):  # another pause keeps them standing
        clocks.resume(session, ticket, at)
    return event
