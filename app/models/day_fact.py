"""What happened on a day, counted for the analysis pages: by area, kind of number and code."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime


class DayFact(Model):
    """(province, or 0 for the network; kind; Shanghai day; code) → n. Counted anew as a whole day by the scheduler.

    `kind`: category, hour ("00" to "23"), site (id), province (id), courier (site id:name), measure (a count of
    domain.scorecards.Facts).
    """

    __tablename__ = "day_fact"
    scope_id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(100), primary_key=True)
    n: Mapped[int] = mapped_column(Big)
    __table_args__ = (Index("ix_day_fact_day", "day"),)


class DayCounted(Model):
    """That a day's facts are there, and as of when."""

    __tablename__ = "day_counted"
    day: Mapped[date] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)
