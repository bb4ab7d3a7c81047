"""Tickets that ended long ago: what was in their working rows as one document each, the log of moving them, and what
keeps one out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

HELD = text("ended_at IS NULL")


class ArchivedTicket(Model):
    """The working rows of an archived ticket (events, clocks, promises …) as one compressed document of canonical JSON.

    Words that people wrote are a document of their own: `texts` is emptied by the policy that deletes them, its digest
    stays and stands in the first document, too. `entry` is the line of the log that moved it. The ticket's own row
    stays where it is, with its numbers and whoever may see it.
    """

    __tablename__ = "archived_ticket"
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    entry: Mapped[int] = mapped_column(Big)
    events: Mapped[int]
    first_event_id: Mapped[int] = mapped_column(Big, index=True)
    last_event_id: Mapped[int] = mapped_column(Big, index=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(String(64))
    texts: Mapped[bytes | None] = mapped_column(LargeBinary)
    texts_digest: Mapped[str] = mapped_column(String(64))


class ArchiveEntry(Model):
    """A line of the archive's log, append-only and chained: a ticket was moved there or brought back (`what`)."""

    __tablename__ = "archive_entry"
    n: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(Big, index=True)
    what: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class ArchiveHold(Model):
    """A ticket is needed as it is: a court, the regulator. While one is not ended, it is neither moved nor emptied.

    `note` is a file number, not somebody's name.
    """

    __tablename__ = "archive_hold"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    reason: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(80), default="")
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index("ix_archive_hold_held", "ticket_id", unique=True, sqlite_where=HELD, postgresql_where=HELD),
    )
