"""Messages out of the quarantine: read once more with the connection's maps as they are now."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime

from app.domain.errors import NotAllowed
from app.domain.roles import Actor
from app.extensions import db
from app.integrations.platform.errors import MessageError
from app.jobs import arrivals
from app.services import exchange
from app.services.intake import Conflict
from app.services.transaction import DATABASE_AWAY

log = logging.getLogger(__name__)
SECONDS = 10  # of one press


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
    except DATABASE_AWAY:
        raise
    except Exception as wrong:  # whatever it is: it stays aside, and the next one is read
        db.session.rollback()
        log.exception("replays: %s: a message was not taken", door.code)
        state, error = "quarantined", f"not_taken:{type(wrong).__name__}"
    exchange.settle(actor=actor, message_id=message_id, state=state, error=error, now=now)
    return error


def replay_all(*, actor: Actor, code: str, now: datetime) -> Replayed:
    """Read the quarantined messages of a connection once more, each by itself, the oldest first, until 50 were taken
    or some seconds are over: those that stay do not stand before the others. Raises NotAllowed."""
    until, after = time.monotonic() + SECONDS, 0
    taken = stay = 0
    while taken < exchange.AT_ONCE and time.monotonic() < until:
        ids = exchange.held(db.session(), code, after)
        db.session.rollback()
        if not ids:
            break
        after = ids[-1]
        said = [_one(actor, message_id, now) for message_id in ids]
        taken, stay = taken + said.count(""), stay + sum(bool(one) for one in said)
    return Replayed(taken, stay)


def _one(actor: Actor, message_id: int, now: datetime) -> str | None:
    """As `replay`; None where somebody else was faster."""
    try:
        return replay(actor=actor, message_id=message_id, now=now)
    except NotAllowed as refused:
        if refused.code != "not_quarantined":
            raise
        return None
