"""The read side of the administrator's pages. Select only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Organisation, PushRefusal

PAGE = 100


def organisations(session: Session, after: str = "") -> list[Any]:
    """Organisations in the order of their codes, a page at a time."""
    statement = select(Organisation).where(Organisation.code > after).order_by(Organisation.code).limit(PAGE + 1)
    return list(session.scalars(statement))


def refusals(session: Session) -> list[PushRefusal]:
    """Counts of refused messages, the newest day first."""
    return list(session.scalars(select(PushRefusal).order_by(PushRefusal.day.desc(), PushRefusal.reason).limit(PAGE)))
