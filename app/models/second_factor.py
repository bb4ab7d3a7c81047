"""The second factor of a sign-in: one-time codes of an authenticator, and the codes for when it is lost."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref


class SecondFactor(Model):
    """A person's authenticator. The secret is sealed under a key made from SECRET_KEY; counts from `confirmed_at` on.

    `last_step` is the thirty-second step of the last code that was taken: neither it nor an older one is taken again.
    """

    __tablename__ = "second_factor"
    user_id: Mapped[int] = ref("user_account.id", primary_key=True, autoincrement=False)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_step: Mapped[int] = mapped_column(Big, default=0)


class RecoveryCode(Model):
    """A code that opens once when the authenticator is lost; only its SHA-256 is kept."""

    __tablename__ = "recovery_code"
    id: Mapped[int] = primary()
    user_id: Mapped[int] = ref("user_account.id", index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)


class SecondFactorLog(Model):
    """What happened to somebody's second factor: enrolled, removed, reset, recovery, renewed; by whom."""

    __tablename__ = "second_factor_log"
    id: Mapped[int] = primary()
    user_id: Mapped[int] = ref("user_account.id", index=True)
    by_id: Mapped[int] = ref("user_account.id")
    what: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(45), default="")
