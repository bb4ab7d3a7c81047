"""A form that belongs to no ticket and is sent twice does its work once: its one-time key names what it made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.models import Submission
from app.models.dialect import lock_key

NO_TICKET = 0


def before(session: Session, what: str, key: str) -> int | None:
    """The id of what the same form (`what` names its kind) made when it was sent first; whoever sends it meanwhile
    waits for that."""
    if not key:
        return None
    lock_key(session, _named(what, key))
    row = session.get(Submission, _named(what, key))
    return row.event_id if row else None


def remember(session: Session, what: str, key: str, made_id: int, now: datetime) -> int:
    """Note what the form made, in the same transaction; the id again."""
    if key:
        session.add(Submission(key=_named(what, key), ticket_id=NO_TICKET, event_id=made_id, at=now))
    return made_id


def _named(what: str, key: str) -> str:
    """Each kind of form has keys of its own: an id that one of them made means nothing to another."""
    return f"{what}:{key}"[:64]
