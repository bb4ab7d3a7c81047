"""The platforms' own deadlines: a ticket with several orders has one platform clock, due with the earliest of those
that are still unanswered (rulebook 3.12 and 7.1)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.clocks import Limit
from app.models import PlatformOrder, Ticket
from app.services import clocks
from app.services.transaction import begun


def follow(session: Session, ticket: Ticket, now: datetime) -> None:
    """Bring the platform clock in line with the ticket's orders: one came, was answered or was cancelled.

    A run that is not late yet is re-dated; a late one ends as late, and the next deadline gets a run of its own.
    """
    first = _most_urgent(session, ticket)
    running = clocks.running(session, ticket, ["platform"])
    if first is None or first.expires_at is None:
        clocks.stop(session, ticket, ["platform"], now)
        return
    if running and running[0].due_at == first.expires_at:
        return
    if running and running[0].due_at < now and first.expires_at > running[0].due_at:
        clocks.stop(session, ticket, ["platform"], now)
        running = []
    if running:
        clocks.redate(session, ticket, running[0], first.expires_at, now, order_code=first.code)
    else:
        clocks.start(session, ticket, "platform", Limit(0, "always"), now, due=first.expires_at)


def _most_urgent(session: Session, ticket: Ticket) -> PlatformOrder | None:
    if begun(session, ticket.id):  # nothing is stored yet: its first order is the only one
        own = [row for row in session.new if isinstance(row, PlatformOrder) and row.ticket_id == ticket.id]
        return next((row for row in own if row.expires_at is not None), None)
    session.flush()
    statement = select(PlatformOrder).where(
        PlatformOrder.ticket_id == ticket.id, PlatformOrder.verdict != "cancelled",
        PlatformOrder.answered_at.is_(None), PlatformOrder.expires_at.is_not(None),
    )  # fmt: skip
    return session.scalars(statement.order_by(PlatformOrder.expires_at, PlatformOrder.id).limit(1)).one_or_none()
