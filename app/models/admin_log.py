"""What administrators changed in the tables that set the portal up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, primary, ref


class AdminLog(Model):
    """One change: who, when, what, of which thing. `detail` has old and new values by field, never a secret."""

    __tablename__ = "admin_log"
    id: Mapped[int] = primary()
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int] = ref("user_account.id")
    what: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[dict] = mapped_column(JSON, default=dict)
    __table_args__ = (Index("ix_admin_log_subject", "subject", "id"),)
