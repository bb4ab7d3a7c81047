"""A waybill that a platform names only after its order is here: the ticket gets it, and what lay in a tray its site."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.lifecycle import OPEN
from app.domain.roles import SYSTEM
from app.domain.waybills import is_acceptable, normalise
from app.models import Ticket
from app.services import desk, journal, linked, moves, routing, search_index
from app.services.opening import ComplaintIn


def fill_in(session: Session, ticket_id: int, told: ComplaintIn, rule: str, now: datetime) -> None:
    """Inside a change: give a ticket without a waybill the one that its order names by now; whoever has one keeps it.

    `rule` is the connection's routing rule: where nobody has the ticket yet, the parcel's trace says whose it is.
    """
    waybill = normalise(told.waybill)
    known = session.scalar(select(Ticket.waybill).where(Ticket.id == ticket_id))
    if known or not is_acceptable(waybill):
        return
    linked.lock(session, waybill)  # parcels are locked before their tickets
    ticket = moves.locked_ticket(session, ticket_id)
    if ticket.waybill or ticket.state == "withdrawn":
        return
    ticket.waybill, ticket.waybill_reversed = waybill, waybill[::-1]
    search_index.tails(session, ticket)
    event = journal.append(session, ticket, "waybill_told", actor=SYSTEM, now=now, text={"waybill": waybill})
    if ticket.state == OPEN and ticket.queue == "tray" and ticket.handling_site_id is None:
        routing.route(session, ticket, told.site_code, told.address, rule, now)
    desk.finish(session, ticket, event, now)
