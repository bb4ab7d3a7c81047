"""What lies in the archive, read without bringing it back: one ticket's rows, or all documents one after the other.
Select only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import archive as rule
from app.extensions import Model
from app.models import ArchivedTicket, Event, FreeText, Ticket
from app.services.archive_back import TEXTS, readable, table_of, tables_of

AT_ONCE = 500  # documents held in memory
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Document:
    """A ticket's document on its way past: its ticket's row as far as a proof asks for it, and the rows by table.

    `tables` is empty where the document is damaged.
    """

    ticket_id: int
    number: str
    category: str
    version: int
    last_hash: str
    digest: str
    first_event_id: int
    tables: dict[str, list[dict[str, Any]]]

    def rows(self, model: type[Model]) -> list[Any]:
        """The rows of one table as values with the columns' names."""
        table = table_of(model)
        return [SimpleNamespace(**readable(table, row)) for row in self.tables.get(table.name, [])]


def rows(session: Session, ticket: Ticket, model: type[M]) -> list[M]:
    """The archived ticket's rows of one table, the first made first; they belong to no session. Raises Damaged."""
    held = session.get_one(ArchivedTicket, ticket.id)
    table = table_of(model)
    found = [model(**readable(table, row)) for row in tables_of(held).get(table.name, [])]
    return sorted(found, key=lambda row: (row.seq,)) if model is Event else found  # type: ignore[attr-defined]


def words(session: Session, ticket: Ticket) -> dict[int, dict[str, Any]]:
    """What people wrote, by the id of the text; nothing where a policy deleted it. Raises Damaged."""
    stayed = select(FreeText.id, FreeText.body).where(FreeText.ticket_id == ticket.id)
    found: dict[int, dict[str, Any]] = {row.id: row.body for row in session.execute(stayed)}
    held = tables_of(session.get_one(ArchivedTicket, ticket.id))
    return found | {row["id"]: row["body"] for row in held.get(TEXTS, [])}


def documents(session: Session, *conditions: Any) -> Iterator[Document]:
    """All documents for whose tickets the conditions hold, by the id of their first event."""
    statement = (
        select(
            ArchivedTicket.ticket_id, Ticket.number, Ticket.category, Ticket.version, Ticket.last_hash,
            ArchivedTicket.digest, ArchivedTicket.first_event_id, ArchivedTicket.document, ArchivedTicket.texts,
            ArchivedTicket.texts_digest,
        )
        .join(Ticket, Ticket.id == ArchivedTicket.ticket_id)
        .where(*conditions)
        .order_by(ArchivedTicket.first_event_id)
    )  # fmt: skip
    for row in session.execute(statement.execution_options(yield_per=AT_ONCE)):
        try:
            tables = tables_of(row)
        except (rule.Damaged, ValueError, KeyError, TypeError):
            tables = {}
        yield Document(*row[:7], tables)
