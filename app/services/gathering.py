"""What the tickets of one transaction write, put off to its end: one statement a table instead of one a ticket.

A sweep that takes many tickets under one commit begins it; whoever writes through it neither knows nor cares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.models import Ticket
from app.models.dialect_rows import insert_all_new, insert_new
from app.services.transaction import drop, keep, read_ahead

_KEY = "gathered"


@dataclass
class Gathered:
    """Tickets whose work items are to be renewed, and rows to be inserted unless their key is there."""

    tickets: dict[int, Ticket] = field(default_factory=dict)
    rows: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)


def begin(session: Session) -> Gathered:
    """Put off from now on, until `end` or the end of the write transaction."""
    gathered = Gathered()
    keep(session, _KEY, gathered)
    return gathered


def put_off(session: Session, ticket: Ticket) -> bool:
    """Whether the ticket's work items are renewed at the end, with those of the others."""
    gathered = read_ahead(session, _KEY)
    if gathered is None:
        return False
    gathered.tickets[ticket.id] = ticket
    return True


def insert(session: Session, table: Any, values: dict[str, Any]) -> None:
    """Insert a row unless its key is there already, at once or with the others."""
    gathered = read_ahead(session, _KEY)
    if gathered is None:
        insert_new(session, table, values)
    else:
        gathered.rows.setdefault(table, []).append(values)


def end(session: Session, gathered: Gathered) -> None:
    """Insert the rows; what comes now is written at once again. The caller renews the tickets' work items."""
    drop(session, _KEY)
    for table, rows in gathered.rows.items():
        insert_all_new(session, table, rows)
