"""Emergency mode (应急 / 高峰模式): a dated period for a province or the network."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, primary, ref


class Emergency(Model):
    """A period in which other limits hold for new tickets, or site clocks stand still. No province: the network.

    `limits` is the variant, {limit: minutes}; `checklist` is [{text, done_by, done_at}].
    """

    __tablename__ = "emergency"
    id: Mapped[int] = primary()
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    name: Mapped[str] = mapped_column(String(60))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    limits: Mapped[dict] = mapped_column(JSON, default=dict)
    pauses: Mapped[bool] = mapped_column(default=False)
    duty_list: Mapped[str] = mapped_column(Text, default="")
    checklist: Mapped[list] = mapped_column(JSON, default=list)
    announced_by_id: Mapped[int] = ref("user_account.id")
    announced_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (Index("ix_emergency_until", "until_at"),)
