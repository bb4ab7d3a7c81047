"""What a person keeps or is told: notices of the bell, and views of the queue saved under a name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

UNREAD = "read_at IS NULL"
DEFAULT = "is_default"


class Notice(Model):
    """Something that one person has to know: `kind` is one of domain.notices.KINDS.

    `event_id` is the entry of the ticket that it tells of, or the export where there is no ticket. One entry tells one
    person once. Codes and ids only: the words of an entry stay on the ticket.
    """

    __tablename__ = "notice"
    id: Mapped[int] = primary()
    user_id: Mapped[int] = ref("user_account.id")
    kind: Mapped[str] = mapped_column(String(16))
    ticket_id: Mapped[int | None] = ref("ticket.id", nullable=True, index=True)
    event_id: Mapped[int] = mapped_column(Big)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        UniqueConstraint("user_id", "event_id"),
        Index("ix_notice_user", "user_id", "id"),
        Index("ix_notice_unread", "user_id", "id", sqlite_where=text(UNREAD), postgresql_where=text(UNREAD)),
        Index("ix_notice_at", "at"),
    )


class SavedView(Model):
    """Filters and order of the work queue under a name. `query` holds allowed names and values only, never an address.

    At most one of a person's views is the default, which the bare queue opens.
    """

    __tablename__ = "saved_view"
    id: Mapped[int] = primary()
    user_id: Mapped[int] = ref("user_account.id")
    name: Mapped[str] = mapped_column(String(30))
    query: Mapped[str] = mapped_column(String(200))
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        Index(
            "ix_saved_view_default", "user_id", unique=True,
            sqlite_where=text(DEFAULT), postgresql_where=text(DEFAULT),
        ),
    )  # fmt: skip
