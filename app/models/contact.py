"""Calls to complainants, the scripts beside them, and alarms over people who look at too many numbers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref


class Contact(Model):
    """One attempt to reach the complainant. While `outcome` is empty the call is still on."""

    __tablename__ = "contact"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id")
    user_id: Mapped[int] = ref("user_account.id")
    organisation_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(16), default="")
    seconds: Mapped[int] = mapped_column(default=0)
    event_id: Mapped[int | None] = mapped_column(Big)
    __table_args__ = (Index("ix_contact_ticket_started", "ticket_id", "started_at"),)


class Script(Model):
    """The questions of a category as an administrator edited them; without a row the standard ones hold."""

    __tablename__ = "script"
    category: Mapped[str] = mapped_column(String(24), primary_key=True)
    questions: Mapped[list] = mapped_column(JSON)
    edited_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_by_id: Mapped[int] = ref("user_account.id")


class Alarm(Model):
    """Something that a superior has to look at: who (`user_id`, empty where it is the house), in whose house, when;
    `data` holds codes alone."""

    __tablename__ = "alarm"
    id: Mapped[int] = primary()
    kind: Mapped[str] = mapped_column(String(24))
    organisation_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    user_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    data: Mapped[dict] = mapped_column(JSON)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    __table_args__ = (
        Index("ix_alarm_user_at", "user_id", "at"),
        Index("ix_alarm_at", "at", "id"),
        Index("ix_alarm_province", "province_id", "at", "id"),
        Index("ix_alarm_organisation", "organisation_id", "at", "id"),
        Index(
            "ix_alarm_unseen", "at",
            sqlite_where=text("seen_at IS NULL"), postgresql_where=text("seen_at IS NULL"),
        ),
        Index(
            "ix_alarm_unseen_province", "province_id", "kind", "at",
            sqlite_where=text("seen_at IS NULL"), postgresql_where=text("seen_at IS NULL"),
        ),
    )  # fmt: skip
