"""New tickets by hour, kept and not counted: a row for each site and hour, raised in the ticket's own transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.models import Inflow, Ticket
from app.models.dialect import changed
from app.services import counts
from app.services.transaction import write

KEPT = timedelta(days=3)


def note(session: Session, ticket: Ticket, now: datetime) -> None:
    """A ticket has come in: at its site, else in the tray of its province or of headquarters (0)."""
    scope = ticket.handling_site_id or ticket.province_id or 0
    counts.add(session, Inflow, [{"scope": scope, "hour": hour_of(now), "n": 1}])


def hour_of(at: datetime) -> datetime:
    """The full hour in which an instant lies; Shanghai and UTC share them."""
    return at.replace(minute=0, second=0, microsecond=0)


def forget(now: datetime) -> int:
    """Delete the hours that no board shows any more; how many rows."""
    with write() as session:
        return changed(session, delete(Inflow).where(Inflow.hour < now - KEPT))
