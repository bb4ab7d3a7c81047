"""Rectification forms (整改书), what was done with each, and the versions of their thresholds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

TOLD_LATER = text("remind_at IS NOT NULL")


class RectificationPolicy(Model):
    """A version of the thresholds. Only added; the newest one holds for the next freeze."""

    __tablename__ = "rectification_policy"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    numbers: Mapped[dict] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(String(200), default="")
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)


class RectificationMonth(Model):
    """A frozen month whose thresholds have been looked at, once."""

    __tablename__ = "rectification_month"
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    policy_version: Mapped[int]
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made: Mapped[int] = mapped_column(default=0)


class Rectification(Model):
    """What one organisation is asked to put right. `state`: asked, filled, accepted; sent back it is asked again.

    `key` makes one of a kind: a month and organisation, a penalty, or the form's own submission. `grounds` are
    those of domain.rectifications. `repeat_of_id`: an earlier one of the same organisation with the same ground
    (recurrence, 再犯). `due_at` and `late_at` are those of the present round; `was_late` stays once it was late.
    """

    __tablename__ = "rectification"
    id: Mapped[int] = primary()
    number: Mapped[str] = mapped_column(String(24), unique=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    organisation_id: Mapped[int] = ref("organisation.id")
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    month: Mapped[str] = mapped_column(String(7), default="")
    ticket_id: Mapped[int | None] = ref("ticket.id", nullable=True)
    grounds: Mapped[list] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text, default="")
    policy_version: Mapped[int] = mapped_column(default=1)
    repeat_of_id: Mapped[int | None] = mapped_column(Big)
    state: Mapped[str] = mapped_column(String(10), default="asked")
    round: Mapped[int] = mapped_column(default=1)
    cause: Mapped[str] = mapped_column(Text, default="")
    measures: Mapped[str] = mapped_column(Text, default="")
    responsible: Mapped[str] = mapped_column(String(60), default="")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    was_late: Mapped[bool] = mapped_column(default=False)
    told: Mapped[int] = mapped_column(default=0)
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    filled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        Index("ix_rectification_site", "organisation_id", "id"),
        Index("ix_rectification_province", "province_id", "id"),
        Index("ix_rectification_site_state", "organisation_id", "state"),
        Index("ix_rectification_province_state", "province_id", "state"),
        Index("ix_rectification_remind", "remind_at", sqlite_where=TOLD_LATER, postgresql_where=TOLD_LATER),
    )


class RectificationEntry(Model):
    """One thing that happened to a form; append-only. `kind`: asked, filled, accepted, sent_back, due_soon, late."""

    __tablename__ = "rectification_entry"
    id: Mapped[int] = primary()
    rectification_id: Mapped[int] = ref("rectification.id", index=True)
    kind: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    body: Mapped[dict] = mapped_column(JSON, default=dict)
