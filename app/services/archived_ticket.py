"""An archived ticket as its page needs it: the entries, clocks and promises out of its document. Select only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Clock, Event, FreeText, Organisation, Promise, Ticket, User, entries
from app.services import archive_reading
from app.services.returns_view import Return

NAMELESS = frozenset({"audited", "audit_revised"})  # an audit is the desk's: nobody reads who it was


@dataclass(frozen=True)
class Entry:
    """One event with its text and who did it."""

    seq: int
    type: str
    at: datetime
    role: str
    who: str
    organisation: Organisation | None
    data: dict[str, Any]
    text: dict[str, Any]
    event_id: int
    actor_id: int | None = None


def read(session: Session, ticket: Ticket) -> dict[str, Any]:
    """What the page would have read out of the working rows, by the same names. Raises Damaged."""
    events, words = archive_reading.rows(session, ticket, Event), archive_reading.words(session, ticket)
    who = {event.actor_id for event in events if event.actor_id}
    people = {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(who)))}
    where = {event.organisation_id for event in events if event.organisation_id}
    places = {place.id: place for place in session.scalars(select(Organisation).where(Organisation.id.in_(where)))}
    promises = sorted(archive_reading.rows(session, ticket, Promise), key=lambda one: one.due_at)
    return {
        "entries": [
            Entry(one.seq, one.type, one.at, one.actor_role, _name(one, people), places.get(one.organisation_id or 0),
                  one.data, words.get(one.text_id or 0, {}), one.id, one.actor_id)
            for one in events
        ],
        "clocks": archive_reading.rows(session, ticket, Clock),
        "promises": [(promise, words.get(promise.text_id or 0, {})) for promise in promises],
    }  # fmt: skip


def told(session: Session, ticket: Ticket) -> list[tuple[Event, dict[str, Any]]]:
    """Every entry of a ticket with its words, wherever they lie, for whoever quotes or masks them. Raises Damaged."""
    if ticket.archived_at is not None:
        words = archive_reading.words(session, ticket)
        return [(one, words.get(one.text_id or 0, {})) for one in archive_reading.rows(session, ticket, Event)]
    own = select(Event, FreeText.body).outerjoin(FreeText, FreeText.id == Event.text_id)
    rows = session.execute(own.where(entries.of_ticket(ticket.id)).order_by(Event.seq))
    return [(event, body or {}) for event, body in rows]


def with_proofs(returns: list[Return], read: list[Entry]) -> list[Return]:
    """The ticket's returns with what was said for each, which lies in the archive with its entry."""
    said = {one.event_id: str(one.text.get("text", "")) for one in read}
    return [replace(one, proof=said.get(one.transfer.event_id or 0, one.proof)) for one in returns]


def _name(event: Event, people: dict[int, str]) -> str:
    return "" if event.type in NAMELESS else people.get(event.actor_id or 0, "")
