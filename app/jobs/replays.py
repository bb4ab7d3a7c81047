"""Messages out of the quarantine: read once more with the connection's maps as they are now."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from app.domain.errors import DomainError, NotAllowed
from app.domain.roles import Actor
from app.extensions import db
from app.integrations.platform.errors import MessageError
from app.jobs import arrivals
from app.services import exchange
from app.services.intake import Conflict

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Replayed:
    """How many were taken, and how many stay because they cannot be read or contradict what is known."""

    taken: int = 0
    stay: int = 0


def replay(*, actor: Actor, message_id: int, now: datetime) -> str:
    """Read one message once more; empty where it was taken, else why not. Raises NotFound, NotAllowed."""
    door, arrival = exchange.take_out(actor=actor, message_id=message_id, now=now)
    state, error = "replayed", ""
    try:
        arrivals.take(door, arrival)
    except MessageError as wrong:
        state, error = "quarantined", str(wrong)
    except Conflict:
        state, error = "conflict", "same_key_other_body"
    except (DomainError, ValueError, TypeError, KeyError) as wrong:
        log.exception("replays: %s: a message was not taken", door.code)
        state, error = "quarantined", f"not_taken:{type(wrong).__name__}"
    exchange.settle(actor=actor, message_id=message_id, state=state, error=error, now=now)
    return error


def replay_all(*, actor: Actor, code: str, now: datetime) -> Replayed:
    """Read the oldest quarantined messages of a connection once more, each by itself. Raises NotAllowed."""
    ids = exchange.held(db.session(), code)
    db.session.rollback()
    taken = stay = 0
    for message_id in ids:
        try:
            error = replay(actor=actor, message_id=message_id, now=now)
        except NotAllowed as refused:
            if refused.code != "not_quarantined":
                raise
            continue  # somebody else was faster
        taken, stay = (taken + 1, stay) if not error else (taken, stay + 1)
    return Replayed(taken, stay)
