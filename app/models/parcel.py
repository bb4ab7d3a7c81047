"""What is known of parcels beside their scans."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime


class TraceQuery(Model):
    """When a carrier's own service was last asked for a parcel's trace, and how that ended.

    `outcome`: asking, ok (it knows scans), none (it knows nothing), or why there was no answer.
    """

    __tablename__ = "trace_query"
    waybill: Mapped[str] = mapped_column(String(40), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    again_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)  # not before that
    outcome: Mapped[str] = mapped_column(String(24), default="asking")
