"""A form that belongs to no ticket and is sent twice does its work once: its one-time key names what it made, together
with who sent it and what was typed. The same key with other words is another form: somebody went back and wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.canonical import canonical
from app.models import Submission
from app.models.dialect import lock_key

NO_TICKET = 0


def before(session: Session, what: str, key: str, said: Sequence[object] = ()) -> int | None:
    """The id of what the same form (`what` names its kind, `said` is who typed what) made when it was sent first;
    whoever sends it meanwhile waits for that."""
    if not key:
        return None
    lock_key(session, _named(what, key, said))
    row = session.get(Submission, _named(what, key, said))
    return row.event_id if row else None


def remember(
    session: Session, what: str, key: str, made_id: int, now: datetime, said: Sequence[object] = ()
) -> int:  # fmt: skip
    """Note what the form made, in the same transaction; the id again."""
    if key:
        session.add(Submission(key=_named(what, key, said), ticket_id=NO_TICKET, event_id=made_id, at=now))
    return made_id


def _named(what: str, key: str, said: Sequence[object]) -> str:
    """Each kind of form has keys of its own: an id that one of them made means nothing to another."""
    typed = hashlib.sha256(canonical([key, *said]).encode()).hexdigest() if said else key
    return f"{what}:{typed}"[:64]
