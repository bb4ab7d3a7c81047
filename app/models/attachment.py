"""Pictures that go with an entry, and the links by which a complainant without a platform answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref


class Attachment(Model):
    """A picture of a ticket; its bytes lie in the store under `store_name`, the thumbnail beside it.

    `origin`: upload | platform. `state`: pending (bytes not here yet), ready, failed. `event_id` is empty until an
    entry took it; until then it is its uploader's alone and waits in the reply box `box`.
    """

    __tablename__ = "attachment"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    event_id: Mapped[int | None] = mapped_column(Big)
    uploaded_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    box: Mapped[str] = mapped_column(String(12), default="")
    store_name: Mapped[str] = mapped_column(String(40), unique=True)
    file_name: Mapped[str] = mapped_column(String(100), default="")
    media_type: Mapped[str] = mapped_column(String(40), default="")
    size: Mapped[int] = mapped_column(default=0)  # bytes
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="", index=True)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # as the camera said, before its words were dropped
    origin: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="pending")
    source_address: Mapped[str] = mapped_column(Text, default="")  # emptied once it is of no more use
    error: Mapped[str] = mapped_column(String(24), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index(
            "ix_attachment_next_try",
            "next_try_at",
            sqlite_where=text("next_try_at IS NOT NULL"),
            postgresql_where=text("next_try_at IS NOT NULL"),
        ),
        Index(
            "ix_attachment_unposted",
            "created_at",
            sqlite_where=text("event_id IS NULL"),
            postgresql_where=text("event_id IS NULL"),
        ),
    )


class CustomerLink(Model):
    """A personal link to one result. The token itself is stored nowhere, only its SHA-256.

    One result has a link for the clerk to hand over and one in each SMS; they share their answer. That a link was
    opened is not recorded: scanners and friends open links, too.
    """

    __tablename__ = "customer_link"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    event_id: Mapped[int] = mapped_column(Big, index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verdict: Mapped[str] = mapped_column(String(12), default="")
