"""A form that makes a ticket, under its one-time key: the same once more is answered as before, another never is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.errors import Stale
from app.domain.form_digest import digest
from app.domain.roles import Actor
from app.models import Submission, Ticket
from app.models.dialect import lock_key
from app.services import desk
from app.services.desk import Outcome, Post

NO_ENTRY = 0


def done_before(session: Session, actor: Actor, key: str, form: Any) -> Outcome | None:
    """What this form (a dataclass of all that was typed) stored when it was sent the first time, if it was; whoever
    sends it meanwhile waits here.

    Raises Stale("sent_already") where the key comes from somebody else or with anything else typed: that was never
    stored, and the ticket of the first is not theirs to hear of.
    """
    if not key:
        return None
    lock_key(session, f"submission:{key}")
    before = desk.done_before(session, Post("", None, key))
    if before and session.get(Submission, _digest(actor, key, form)) is None:
        raise Stale("sent_already")
    return before


def remember(session: Session, actor: Actor, key: str, form: Any, ticket: Ticket, now: datetime) -> None:
    """Note who typed what into the form whose key the ticket's entry carries, in the same transaction."""
    if key:
        session.add(Submission(key=_digest(actor, key, form), ticket_id=ticket.id, event_id=NO_ENTRY, at=now))


def _digest(actor: Actor, key: str, form: Any) -> str:
    """Of the key, the person and every field."""
    return digest(["typed", key, actor.user_id, asdict(form)])
