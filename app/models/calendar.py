"""Calendars and what they said before, and who stored which policy version."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, primary, ref


class CalendarHours(Model):
    """The hours of a named calendar from an instant on. Rows are only added: the newest one is in force, the older ones
    explain the runs that they began."""

    __tablename__ = "calendar"
    name: Mapped[str] = mapped_column(String(12), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    spans: Mapped[list] = mapped_column(JSON)  # [["08:00", "12:00"], ["13:30", "00:00"]], wall times in Shanghai
    working_days_only: Mapped[bool]
    label: Mapped[str] = mapped_column(String(40))
    label_en: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    stored_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)


class CalendarDayBefore(Model):
    """What a day of `calendar_day` said until somebody changed it; `working` is empty for "its weekday decided"."""

    __tablename__ = "calendar_day_before"
    id: Mapped[int] = primary()
    day: Mapped[date]
    working: Mapped[bool | None]
    name: Mapped[str] = mapped_column(String(60), default="")
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    __table_args__ = (Index("ix_calendar_day_before_until", "until"),)


class PolicyVersion(Model):
    """Who stored a policy version, when and why; versions that came with the portal have no row."""

    __tablename__ = "policy_version"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    note: Mapped[str] = mapped_column(String(200), default="")
