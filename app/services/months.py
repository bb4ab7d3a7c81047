"""Which months are closed, and which one later facts are charged to (rulebook 5 "Month close")."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.calendars import month_bounds, month_of
from app.models import MonthClose


def is_frozen(session: Session, month: str) -> bool:
    """Whether the month "YYYY-MM" is frozen: nothing of it changes any more."""
    statement = select(MonthClose.month).where(MonthClose.month == month, MonthClose.frozen_at.is_not(None))
    return session.scalar(statement) is not None


def open_month(session: Session, now: datetime) -> str:
    """The month that a later fact is charged to: the earliest one from the month of `now` on that is not frozen."""
    month = month_of(now)
    while is_frozen(session, month):
        month = month_of(month_bounds(month)[1])
    return month


def frozen(session: Session, before: str = "9999-12") -> list[str]:
    """The frozen months before that one, the latest first."""
    statement = select(MonthClose.month).where(MonthClose.frozen_at.is_not(None), MonthClose.month < before)
    return list(session.scalars(statement.order_by(MonthClose.month.desc())))


def before(month: str) -> str:
    """The month before "YYYY-MM"."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - (number == 1):04}-{(number - 2) % 12 + 1:02}"
