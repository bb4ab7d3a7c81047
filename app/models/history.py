"""Which tickets came from another system, out of which file; and the ticket numbers that were set aside for a file."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref


class ImportedFile(Model):
    """One file read with one mapping. `digest` is the SHA-256 of its content, `imported_at` the first attempt.

    Its tickets have the sequence numbers from `first_number` on, in order of opening: an import that was interrupted
    and is run again gives each ticket the number it would have had.
    """

    __tablename__ = "imported_file"
    id: Mapped[int] = primary()
    digest: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(25))
    mapping_digest: Mapped[str] = mapped_column(String(64))
    zone: Mapped[str] = mapped_column(String(40))
    connection_id: Mapped[int] = ref("platform_connection.id")
    first_number: Mapped[int] = mapped_column(Big)
    numbers: Mapped[int]
    fines: Mapped[bool] = mapped_column(default=False)
    reminds: Mapped[bool] = mapped_column(default=False)
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (UniqueConstraint("digest", "name"),)


class ImportedTicket(Model):
    """A ticket that came from a file, under the number it had there, with what the old system said of it."""

    __tablename__ = "imported_ticket"
    file_id: Mapped[int] = ref("imported_file.id", primary_key=True)
    number: Mapped[str] = mapped_column(String(64), primary_key=True)
    ticket_id: Mapped[int] = ref("ticket.id", unique=True)
    group: Mapped[str] = mapped_column("source_group", String(120))
    organisation_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    rows: Mapped[int] = mapped_column("source_rows")
    reassignments: Mapped[int]
    reopenings: Mapped[int]
    sla: Mapped[bool | None]
