"""An incident (事件) is the parent of many tickets: a truck fire, a flooded hub."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, primary, ref


class Incident(Model):
    """What happened, without personal data. `province_id` is empty where it concerns several provinces."""

    __tablename__ = "incident"
    id: Mapped[int] = primary()
    number: Mapped[str] = mapped_column(String(24), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True, index=True)
    text: Mapped[str] = mapped_column(Text, default="")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by_id: Mapped[int] = ref("user_account.id")
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
