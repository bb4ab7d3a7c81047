"""A form that belongs to no ticket and is sent twice does its work once: its one-time key names what it made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.models import Submission
from app.models.dialect import lock_key

NO_TICKET = 0


def before(session: Session, key: str) -> int | None:
    """The id of what the same form made when it was sent first; whoever sends it meanwhile waits for that."""
    if not key:
        return None
    lock_key(session, _named(key))
    row = session.get(Submission, _named(key))
    return row.event_id if row else None


def remember(session: Session, key: str, made_id: int, now: datetime) -> int:
    """Note what the form made, in the same transaction; the id again."""
    if key:
        session.add(Submission(key=_named(key), ticket_id=NO_TICKET, event_id=made_id, at=now))
    return made_id


def _named(key: str) -> str:
    """Apart from the keys of tickets' forms, whose ids are those of events."""
    return f"made:{key}"[:64]
