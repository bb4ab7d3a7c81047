"""What the freeze of a month does to its penalties (rulebook 5 "Month close")."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain import penalties as rule
from app.models import Penalty
from app.models.dialect import lock_key
from app.services import months


def settle_in(session: Session, month: str, now: datetime) -> None:
    """Confirm what stands as proposed, and carry what is contested into the open month; inside the caller's freeze.

    Two statements, however many entries there are. Nothing can come into the month between them: whoever writes an
    entry takes the same lock first and then asks whether the month is frozen.
    """
    lock_key(session, "penalty-month")
    mine = update(Penalty).where(Penalty.month == month)
    session.execute(mine.where(Penalty.state == rule.CONTESTED).values(month=months.open_month(session, now)))
    session.execute(mine.where(Penalty.state == rule.PROPOSED).values(state=rule.CONFIRMED, settled_at=now))
    session.expire_all()
