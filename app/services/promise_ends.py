"""What every end of a promise shares, and the ends that are neither kept nor broken."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.lifecycle import PROMISE_BROKEN
from app.domain.roles import SYSTEM
from app.models import Clock, Promise, Ticket
from app.services import journal


def set_aside(session: Session, ticket: Ticket, promise: Promise, state: str, now: datetime) -> None:
    """End a promise that is neither kept nor broken, and take its clock out of all measures."""
    promise.state, promise.settled_at = state, now
    ticket.open_promises -= 1
    clock = session.get(Clock, promise.clock_id) if promise.clock_id else None
    if clock is not None and clock.stopped_at is None:
        clock.state, clock.next_stage_at, clock.stopped_at = "void", None, now
        data = {"kind": clock.kind, "run": clock.run}
        journal.append(session, ticket, "clock_void", actor=SYSTEM, now=now, data=data)


def drop_all(session: Session, ticket: Ticket, now: datetime) -> None:
    """Nobody is waiting any more: the open promises of a withdrawn complaint."""
    for promise in session.scalars(select(Promise).where(Promise.ticket_id == ticket.id, Promise.state == "open")):
        set_aside(session, ticket, promise, "dropped", now)


def forget_broken(ticket: Ticket) -> None:
    """A broken promise is first of all work until the next result, or until nobody is waiting for one any more."""
    ticket.flags = [flag for flag in ticket.flags or [] if flag != PROMISE_BROKEN]


def facts(session: Session, ticket: Ticket, promise: Promise) -> dict[str, object]:
    """What proves a promise in its entries: which, what, due, and whose: the site's that made it, also after the
    ticket has moved on."""
    what = {"promise_id": promise.id, "what": promise.what, "due_at": promise.due_at}
    clock = session.get(Clock, promise.clock_id) if promise.clock_id else None
    site_id = clock.organisation_id if clock is not None else ticket.handling_site_id
    return {**what, "clock_id": promise.clock_id, "site_id": site_id}


def since(ticket: Ticket, promise: Promise) -> datetime:
    """When it was made; of promises from before this was kept, when the ticket was answered."""
    return promise.made_at or ticket.result_at or ticket.opened_at
