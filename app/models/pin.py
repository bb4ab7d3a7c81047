"""The quick user switch on a shared PC: PINs, browsers in which somebody signed in, and who switched to whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref


class Pin(Model):
    """A person's PIN as an argon2id hash; void once the person's `epoch` has grown (a changed password)."""

    __tablename__ = "pin"
    user_id: Mapped[int] = ref("user_account.id", primary_key=True)
    pin_hash: Mapped[str] = mapped_column(String(200))
    epoch: Mapped[int]
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Device(Model):
    """One browser; its cookie holds a random token, the table the SHA-256."""

    __tablename__ = "device"
    id: Mapped[int] = primary()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class DeviceUser(Model):
    """Who signed in with the password in this browser, when last, and wrong PINs since."""

    __tablename__ = "device_user"
    device_id: Mapped[int] = ref("device.id", primary_key=True)
    user_id: Mapped[int] = ref("user_account.id", primary_key=True)
    epoch: Mapped[int]
    password_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


REFUSED = "outcome <> 'switched'"


class SwitchLog(Model):
    """One try to switch: from whom, to whom, in which browser, and how it ended (switched, wrong, early, locked).

    The log is read from its newest row on, by house, by province and as a whole; refused tries are few among many.
    """

    __tablename__ = "switch_log"
    id: Mapped[int] = primary()
    device_id: Mapped[int] = mapped_column(Big)
    from_id: Mapped[int] = ref("user_account.id")
    to_id: Mapped[int] = ref("user_account.id")
    organisation_id: Mapped[int] = ref("organisation.id")
    province_id: Mapped[int | None] = ref("organisation.id")
    outcome: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index("ix_switch_log_organisation", "organisation_id", "id"),
        Index("ix_switch_log_province", "province_id", "id"),
        Index("ix_switch_log_refused", "id", sqlite_where=text(REFUSED), postgresql_where=text(REFUSED)),
        Index("ix_switch_log_refused_province", "province_id", "id", sqlite_where=text(REFUSED),
              postgresql_where=text(REFUSED)),
    )  # fmt: skip
