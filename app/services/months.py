"""Which month a fact is charged to: its own while that is open, else the open one (rulebook 5 "Month close")."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import column, inspect, select, table
from sqlalchemy.orm import Session

from app.domain.calendars import month_of

_CLOSE = table("month_close", column("month"), column("frozen_at"))


def is_frozen(session: Session, month: str) -> bool:
    """Whether a month "YYYY-MM" is frozen: nothing in it changes any more."""
    if not inspect(session.connection()).has_table("month_close"):
        return False
    frozen = select(_CLOSE.c.month).where(_CLOSE.c.month == month, _CLOSE.c.frozen_at.is_not(None))
    return session.scalar(frozen) is not None


def open_month(session: Session, now: datetime) -> str:
    """The month that a later fact is charged to: that of `now`."""
    return month_of(now)
