"""What a month's freeze does to its penalties (rulebook 5 "Month close")."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import Penalty


def settle_in(session: Session, month: str, now: datetime) -> None:
    """Confirm what stands as proposed, inside the caller's transaction; contested entries are not charged here."""
    proposed = update(Penalty).where(Penalty.month == month, Penalty.state == "proposed")
    session.execute(proposed.values(state="confirmed", settled_at=now))
