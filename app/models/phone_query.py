"""Somebody asked who saw a telephone number: the question is itself on record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, primary, ref


class PhoneQuery(Model):
    """The number as a digest keyed with SECRET_KEY, so that the same question is recognised and no number is kept."""

    __tablename__ = "phone_query"
    id: Mapped[int] = primary()
    user_id: Mapped[int] = ref("user_account.id")
    phone_digest: Mapped[str] = mapped_column(String(40), index=True)
    tickets: Mapped[int] = mapped_column(default=0)  # that the asker's scope holds with this number
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(45), default="")
