"""What the placeholders of a text stand for on a ticket: the customer masked, everything else in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import placeholders
from app.domain.calendars import SHANGHAI
from app.domain.masking import mask_name
from app.domain.waybills import normalise
from app.models import Category, Organisation, Person, Scan, Ticket

DELIVERED = ("DELIVER", "SIGN")
SOMEBODY, SOMEONE = "客户", "派件员"  # texts to customers are Chinese: what stands there where no name is known


def of(session: Session, tickets: Sequence[Ticket], now: datetime) -> dict[int, dict[str, str]]:
    """The values of each ticket by its id, in four statements however many tickets there are. `now` in UTC; date and
    time are told in Asia/Shanghai."""
    ids = [ticket.id for ticket in tickets]
    sites = {ticket.handling_site_id for ticket in tickets if ticket.handling_site_id}
    names = _named(session, select(Person.ticket_id, Person.name).where(Person.ticket_id.in_(ids)))
    places = _named(session, select(Organisation.id, Organisation.name).where(Organisation.id.in_(sites)))
    labels = _named(session, select(Category.code, Category.name))
    couriers, local = _couriers(session, tickets), now.astimezone(SHANGHAI)
    return {
        ticket.id: {
            placeholders.NUMBER: ticket.number, placeholders.WAYBILL: ticket.waybill,
            placeholders.CUSTOMER: mask_name(names.get(ticket.id) or "") or SOMEBODY,
            placeholders.SITE: places.get(ticket.handling_site_id or 0, ""),
            placeholders.COURIER: couriers.get(ticket.waybill) or SOMEONE,
            placeholders.CATEGORY: labels.get(ticket.category, ticket.category),
            placeholders.DATE: f"{local.month}月{local.day}日", placeholders.TIME: f"{local:%H:%M}",
        }
        for ticket in tickets
    }  # fmt: skip


def _named(session: Session, statement: Any) -> dict[Any, str]:
    return {row[0]: row[1] for row in session.execute(statement)}


def _couriers(session: Session, tickets: Sequence[Ticket]) -> dict[str, str]:
    """Who delivered last, by the ticket's waybill."""
    by_number = {normalise(ticket.waybill): ticket.waybill for ticket in tickets if ticket.waybill}
    statement = (
        select(Scan.waybill, Scan.courier)
        .where(Scan.waybill.in_(by_number), Scan.scan_type.in_(DELIVERED), Scan.courier != "")
        .order_by(Scan.scanned_at, Scan.id)
    )
    return {by_number[waybill]: courier for waybill, courier in session.execute(statement)}
