"""The open return of a ticket: found, decided, or dropped because the ticket ended or was answered (rulebook 3.2)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.lifecycle import AT_WORK
from app.domain.roles import SYSTEM, Actor
from app.models import Clock, Ticket, Transfer
from app.services import cases, clocks, journal


def open_return(session: Session, ticket: Ticket) -> Transfer | None:
    """The return that waits for its ruling, if any; a ticket has at most one."""
    statement = select(Transfer).where(Transfer.ticket_id == ticket.id, Transfer.state == "open")
    return session.scalars(statement.order_by(Transfer.id.desc()).limit(1)).one_or_none()


def decide(session: Session, ticket: Ticket, transfer: Transfer, state: str, actor: Actor, now: datetime) -> None:
    """Write down what became of it and stop the court's clock."""
    transfer.state, transfer.decided_at, transfer.decided_by_id = state, now, actor.user_id
    if transfer.clock_id is not None:
        clocks.stop_run(session, ticket, session.get_one(Clock, transfer.clock_id), now)
    cases.fold(session, ticket)


def drop(session: Session, ticket: Ticket, now: datetime) -> None:
    """Nobody has to rule any more once the ticket is answered, withdrawn or appealed: whoever answers has taken it.

    Costs nothing for a ticket without a return: its row says so.
    """
    if not (ticket.cases or {}).get("transfer") or ticket.state in AT_WORK:
        return
    transfer = open_return(session, ticket)
    if transfer is None:
        return
    transfer.state, transfer.decided_at = "dropped", now
    if transfer.clock_id is not None:
        clocks.void_run(session, ticket, session.get_one(Clock, transfer.clock_id), now)
    cases.fold(session, ticket)
    data = {"transfer_id": transfer.id, "from_site_id": transfer.from_site_id}
    journal.append(session, ticket, "return_dropped", actor=SYSTEM, now=now, data=data)
