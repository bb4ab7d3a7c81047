"""The entries of a ticket, said so that PostgreSQL leaves out the months before it began."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, and_, false, type_coerce

from app.models.ticket import Event
from app.models.types import Big

SLACK = 86_400_000 << 22  # a day of ids: what machines whose clocks differ have drawn before the ticket's own


def of_ticket(ticket_id: Any) -> ColumnElement[bool]:
    """The condition on `event` that it is an entry of that ticket: an id, a column or a parameter."""
    least = ticket_id - SLACK if isinstance(ticket_id, int) else type_coerce(ticket_id, Big) - SLACK
    return and_(Event.ticket_id == ticket_id, Event.id >= least)


def of_tickets(ids: Collection[int]) -> ColumnElement[bool]:
    """The same for some of them; none where there are none."""
    return and_(Event.ticket_id.in_(ids), Event.id >= min(ids) - SLACK) if ids else false()
