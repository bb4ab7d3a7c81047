"""Links with which a person sets a password once, and what administrators did with accounts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, primary, ref


class PasswordLink(Model):
    """A link for one new password; only the SHA-256 of its secret is kept. Of a person's links the last one opens.

    `epoch` is the person's at that time: a password that was set since makes the link void.
    """

    __tablename__ = "password_link"
    id: Mapped[int] = primary()
    user_id: Mapped[int] = ref("user_account.id", index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    epoch: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccountLog(Model):
    """What happened to an account: created, changed, disabled, enabled, link, password; by whom (None: the command line
    or the link). `detail` has the changed fields as [before, after]."""

    __tablename__ = "account_log"
    id: Mapped[int] = primary()
    user_id: Mapped[int] = ref("user_account.id", index=True)
    by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    what: Mapped[str] = mapped_column(String(12))
    detail: Mapped[dict] = mapped_column(JSON, default=dict)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(45), default="")
