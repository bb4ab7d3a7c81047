"""The append-only history: one event a fact, chained per ticket; texts lie apart so that they can be deleted."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.canonical import canonical as canonical
from app.domain.canonical import quoted
from app.domain.roles import Actor
from app.models import Event, FreeText, Ticket, entries
from app.models.ids import new_id
from app.services import archive_reading, notices, penalty_due, search_index


def append(
    session: Session,
    ticket: Ticket,
    kind: str,
    *,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    text: Mapping[str, Any] | None = None,
) -> Event:
    """Add one event to the ticket's chain and raise the ticket's version (rulebook 3.16).

    `data` holds codes, numbers and instants; whatever a person typed goes into `text`. The event keeps a salted
    digest of the text and its id only.
    """
    clean = json.loads(canonical(dict(data or {})))
    text_id, digest = _store_text(session, ticket, kind, text, now)
    seq = ticket.version + 1
    event = Event(
        id=new_id(), ticket_id=ticket.id, seq=seq, type=kind, at=now, actor_id=actor.user_id, actor_role=actor.role,
        organisation_id=actor.organisation_id, data=clean, text_id=text_id, text_digest=digest,
        hash=link(ticket.last_hash, seq, kind, now, actor, clean, digest),
    )  # fmt: skip
    session.add(event)
    notices.note(session, ticket, event)
    ticket.version, ticket.last_hash = seq, event.hash
    penalty_due.note(session, ticket, event)
    return event


def link(before: str, seq: int, kind: str, now: datetime, actor: Actor, data: dict, digest: str) -> str:
    """The hash of one event: over the hash before it and all that it holds. `now` is UTC, `data` plain JSON."""
    return link_spelled(before, seq, kind, now, actor, canonical(data), digest)


def link_spelled(before: str, seq: int, kind: str, now: datetime, actor: Actor, spelled: str, digest: str) -> str:
    """The same for data that is in its canonical spelling already: the hash is over the canonical list of all parts."""
    who = f"{_id(actor.user_id)},{quoted(actor.role)},{_id(actor.organisation_id)}"
    parts = f'{quoted(before)},{seq},{quoted(kind)},"{now.isoformat()}",{who},{spelled},{quoted(digest)}'
    return hashlib.sha256(f"[{parts}]".encode()).hexdigest()


def _id(key: int | None) -> str:
    return "null" if key is None else str(key)


def _store_text(
    session: Session, ticket: Ticket, kind: str, text: Mapping[str, Any] | None, now: datetime
) -> tuple[int | None, str]:
    if not text:
        return None, ""
    row = FreeText(id=new_id(), ticket_id=ticket.id, salt=secrets.token_hex(16), body=dict(text))
    session.add(row)
    search_index.note(session, ticket, kind, row.body, now)
    return row.id, text_digest(row.salt, row.body)


def text_digest(salt: str, body: Mapping[str, Any]) -> str:
    """The salted SHA-256 that an event keeps of a text."""
    return hashlib.sha256((salt + canonical(dict(body))).encode()).hexdigest()


def link_of(before: str, event: Any) -> str:
    """The hash that an event must have behind that one: its own row says all that goes into it."""
    actor = Actor(event.actor_id, event.actor_role, event.organisation_id, None)
    return link(before, event.seq, event.type, event.at, actor, event.data, event.text_digest)


def verify(session: Session, ticket_id: int) -> int | None:
    """Recompute a ticket's chain; the `seq` of the first broken link, or None when it is whole."""
    ticket = session.get_one(Ticket, ticket_id)
    if ticket.archived_at is not None:
        return broken_at(ticket, archive_reading.rows(session, ticket, Event))
    return broken_at(ticket, session.scalars(select(Event).where(entries.of_ticket(ticket_id)).order_by(Event.seq)))


def broken_at(ticket: Ticket, events: Iterable[Any]) -> int | None:
    """The same for events that were read already, in the order of their `seq`."""
    before, expected = "", 1
    for event in events:
        if event.seq != expected or link_of(before, event) != event.hash:
            return expected
        before, expected = event.hash, expected + 1
    return None if before == ticket.last_hash and expected == ticket.version + 1 else expected
