"""An answer that the platform sends back: the order waits for another one, and the ticket goes back to work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.roles import SYSTEM
from app.models import PlatformOrder, Ticket
from app.services import clocks, desk, settling


@dataclass(frozen=True)
class Back:
    """What comes with it: the round that begins, and the platform's new deadline (UTC)."""

    round: int = 0
    expires_at: datetime | None = None


def renew(order: PlatformOrder, back: Back) -> None:
    """The platform has no answer any more that it takes: the order waits for the next, until its new deadline."""
    order.retreats = max(order.retreats, back.round - 1)
    order.answered_at, order.expires_at = None, back.expires_at or order.expires_at


def to_work(session: Session, ticket: Ticket, now: datetime) -> bool:
    """From replied back to work with a new resolve run, from closed with fresh clocks, to the tray where nobody had it
    (rulebook 3.12). Whoever is at work already goes on, and before CCS nothing changes: False then."""
    action = next((one for one in ("repeat_reopens", "repeat_in_tray") if desk.may(ticket, SYSTEM, one)), "")
    if not action:
        return False
    was_closed = ticket.state == "closed"
    clocks.void(session, ticket, settling.UNTIL_THE_END, now)
    desk.move(ticket, action, SYSTEM)
    ticket.customer_accepted, ticket.objection_over, ticket.closed_at = False, False, None
    settling.work_again(session, ticket, now, was_closed=was_closed)
    return True
