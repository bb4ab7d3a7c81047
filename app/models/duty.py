"""The duty roster, couriers who are told by SMS, group robots, and messages that did not arrive."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, primary, ref


class DutyShift(Model):
    """Who holds the organisation's duty phone, on a weekday (Monday is 0) of every week or on one day."""

    __tablename__ = "duty_shift"
    id: Mapped[int] = primary()
    organisation_id: Mapped[int] = ref("organisation.id", index=True)
    name: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(String(20))
    weekday: Mapped[int | None]
    day: Mapped[date | None]
    from_time: Mapped[str] = mapped_column(String(5))  # HH:MM in Shanghai
    until_time: Mapped[str] = mapped_column(String(5))  # at or before from_time: of the following day
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Courier(Model):
    """A courier of a site, or a station or former courier without a login (`kind` station), told by SMS."""

    __tablename__ = "courier"
    id: Mapped[int] = primary()
    organisation_id: Mapped[int] = ref("organisation.id", index=True)
    kind: Mapped[str] = mapped_column(String(8))  # courier | station
    name: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)


class Robot(Model):
    """A group robot. `token` (with the signing secret where `signed`) is encrypted under a key made from SECRET_KEY;
    `shown` are its last characters."""

    __tablename__ = "robot"
    id: Mapped[int] = primary()
    organisation_id: Mapped[int] = ref("organisation.id", index=True)
    vendor: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(60))
    token: Mapped[bytes] = mapped_column(LargeBinary)
    shown: Mapped[str] = mapped_column(String(12))
    signed: Mapped[bool] = mapped_column(default=False)
    added_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SmsFallback(Model):
    """An SMS that did not arrive: noted with its failure, settled once by the schedule. The key makes it once."""

    __tablename__ = "sms_fallback"
    outbox_id: Mapped[int] = ref("outbox.id", primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(40), default="")
    look_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index(
            "ix_sms_fallback_open",
            "look_at",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )
