"""When sites are closed and who stands in for them; and what one shift tells the next."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, primary, ref


class Closure(Model):
    """A site's announced closure, both days closed; an empty `until_day` lasts until somebody ends it."""

    __tablename__ = "closure"
    id: Mapped[int] = primary()
    organisation_id: Mapped[int] = ref("organisation.id")
    from_day: Mapped[date]
    until_day: Mapped[date | None]
    deputy_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    reason: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int] = ref("user_account.id")
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (Index("ix_closure_organisation", "organisation_id", "from_day"),)


class HandoverNote(Model):
    """What a shift leaves for the next one at the same desk; gone from the queue once somebody there has read it."""

    __tablename__ = "handover_note"
    id: Mapped[int] = primary()
    organisation_id: Mapped[int] = ref("organisation.id")
    user_id: Mapped[int] = ref("user_account.id")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    __table_args__ = (Index("ix_handover_note_organisation", "organisation_id", "read_at"),)
