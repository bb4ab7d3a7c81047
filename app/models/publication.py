"""What the house publishes for everybody to read, its versions, and who has read which."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref


class Publication(Model):
    """A text with a life of its own: the working copy that its keepers write, and which version is out.

    `scope_id` is the province whose people read it, empty for the whole network. `current_id` is the version that is
    out, empty while there is none; `ended_at` takes all of it back, the versions and receipts stay. `extra` holds what
    one kind has beside title and text: codes, numbers and further texts. `revision` grows with each change.
    """

    __tablename__ = "publication"
    id: Mapped[int] = primary()
    kind: Mapped[str] = mapped_column(String(12))
    scope_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    ticket_id: Mapped[int | None] = ref("ticket.id", nullable=True, index=True)
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    extra: Mapped[dict] = mapped_column(JSON, default=dict)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int] = ref("user_account.id")
    edited_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_by_id: Mapped[int] = ref("user_account.id")
    current_id: Mapped[int | None] = mapped_column(Big)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    __table_args__ = (
        Index("ix_publication_kind", "kind", "id"),
        Index("ix_publication_published", "published_at"),
    )


class PublicationVersion(Model):
    """A publication as it went out once. Never written again."""

    __tablename__ = "publication_version"
    id: Mapped[int] = primary()
    publication_id: Mapped[int] = ref("publication.id")
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    extra: Mapped[dict] = mapped_column(JSON, default=dict)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    author_id: Mapped[int] = ref("user_account.id")
    __table_args__ = (UniqueConstraint("publication_id", "number"),)


class ReadReceipt(Model):
    """A person has read a version, said so by a press; `organisation_id` is where they worked at the time."""

    __tablename__ = "read_receipt"
    version_id: Mapped[int] = ref("publication_version.id", primary_key=True)
    user_id: Mapped[int] = ref("user_account.id", primary_key=True)
    organisation_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    __table_args__ = (Index("ix_read_receipt_organisation", "version_id", "organisation_id"),)
