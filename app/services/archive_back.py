"""Brings a ticket back from the archive, whole: whoever locks one to write to it gets its working rows first.

So a platform's repeat, rejection or question finds the ticket as it would have been, and what follows is decided where
it always is: re-opened, appealed, or followed by a new ticket that is linked to it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Date, LargeBinary, Table, delete, select
from sqlalchemy.orm import Session

from app.domain import archive as rule
from app.extensions import Model
from app.models import (
    ArchivedTicket,
    ArchiveEntry,
    Clock,
    Event,
    ExemptedClock,
    FreeText,
    Pause,
    Promise,
    Reminder,
    Ticket,
)
from app.models.dialect import lock_key
from app.models.dialect_many import insert_rows
from app.models.types import UtcDateTime
from app.services import search_index

LOCK = "archive"
TEXTS = FreeText.__tablename__
# what moves, parents before children; everything else of a ticket stays in its table
MOVING: tuple[type[Model], ...] = (FreeText, Event, Clock, Reminder, ExemptedClock, Promise, Pause)


def whole(session: Session, ticket: Ticket) -> Ticket:
    """The ticket, which the caller has locked, with all its working rows in their tables. Raises Damaged."""
    if ticket.archived_at is not None:
        bring_back(session, ticket)
    return ticket


def bring_back(session: Session, ticket: Ticket) -> None:
    """Write the rows of the ticket's documents into their tables again. The caller commits. Raises Damaged."""
    held = session.get_one(ArchivedTicket, ticket.id, populate_existing=True)
    tables = tables_of(held)
    session.flush()
    for model in MOVING:
        if rows := tables.get(model.__tablename__, []):
            table = table_of(model)
            insert_rows(session, table, [readable(table, row) for row in rows])
    ticket.archived_at = None
    note(session, ticket.id, rule.RETURNED, held.digest)
    session.expunge(held)
    session.execute(delete(ArchivedTicket).where(ArchivedTicket.ticket_id == ticket.id))
    search_index.renew(session, [ticket.id])


def tables_of(held: Any) -> dict[str, list[dict[str, Any]]]:
    """The rows of both documents by table, as plain JSON; no words where a policy deleted them. Raises Damaged."""
    document = rule.unpack(held.document, held.digest)
    tables: dict[str, list[dict[str, Any]]] = document["tables"]
    if document["texts"] != held.texts_digest:
        raise rule.Damaged("the words of another document")
    if held.texts is not None:
        tables = {**tables, TEXTS: rule.unpack(held.texts, held.texts_digest)}
    return tables


def table_of(model: type[Model]) -> Table:
    """The table of a class, for statements below the mapped objects."""
    found: Any = model.__table__
    return cast(Table, found)


def readable(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row of a document as the table's columns take it, without those that the table has no more."""
    return {name: _value(table.c[name].type, value) for name, value in row.items() if name in table.c}


def _value(kind: Any, value: Any) -> Any:
    if isinstance(kind, LargeBinary):
        raise TypeError("a document holds no bytes")
    if value is None:
        return None
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(kind, Date) else value


def note(session: Session, ticket_id: int, what: str, digest: str) -> int:
    """Add a line to the archive's log; its number. One after the other: the caller commits soon."""
    lock_key(session, LOCK)
    last = session.execute(
        select(ArchiveEntry.n, ArchiveEntry.hash).order_by(ArchiveEntry.n.desc()).limit(1)
    ).one_or_none()
    before, n = (last.hash, last.n + 1) if last else ("", 1)
    made = rule.link(before, n, ticket_id, what, digest)
    session.add(ArchiveEntry(n=n, ticket_id=ticket_id, what=what, digest=digest, hash=made))
    session.flush()
    return int(n)
