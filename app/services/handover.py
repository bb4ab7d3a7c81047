"""The hand-over of a shift (交接班): the desk's open tickets on paper, and a note for the next shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.handover import group_of
from app.domain.roles import Actor
from app.models import Event, FreeText, HandoverNote, Organisation, Promise, Ticket, User, WorkItem, entries
from app.models.ids import new_id
from app.services import helping, presses
from app.services.scope import work_scope
from app.services.transaction import write
from app.services.work_item import NO_DUE, ON_TOP

ROWS = 300
NOTES = 5
A_DAY = timedelta(days=1)
# Entries that tell the next shift where a ticket stands.
TELLING = (
    "received", "follow_up", "result", "note", "repeat", "reject", "urge", "ruling", "help_asked", "help_answered",
    "sent_back", "callback_refused", "site_urged", "priority_raised",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One ticket of the list; `last_text` is unmasked: the web masks it."""

    group: str
    ticket: Ticket
    due_at: datetime | None
    owner: str
    site: Organisation | None
    promise: Promise | None
    broken: bool  # a broken promise has it on top
    last_type: str
    last_at: datetime | None
    last_text: str


@dataclass(frozen=True)
class Listing:
    """The lines in the order of their time left; `more` tells that the list was cut."""

    lines: tuple[Line, ...]
    more: bool


def listing(session: Session, actor: Actor, now: datetime, *, every: bool) -> Listing:
    """At most 300 open tickets of the desk, those with the least time first; all of them, or those that wait for it.

    Raises NotFound for a role without a queue.
    """
    statement = (
        select(WorkItem, Ticket, User.name, Organisation)
        .join(Ticket, Ticket.id == WorkItem.ticket_id)
        .outerjoin(User, User.id == Ticket.owner_id)
        .outerjoin(Organisation, Organisation.id == Ticket.handling_site_id)
        .where(WorkItem.scope == work_scope(actor))
        .order_by(WorkItem.due_at, WorkItem.ticket_id)
    )
    statement = statement if every else statement.where(WorkItem.turn)
    found = session.execute(statement.limit(ROWS + 1)).all()
    ids = [ticket.id for _item, ticket, _owner, _site in found[:ROWS]]
    promised, last = _promises(session, ids), _last(session, ids)
    lines = [_line(*row, promised, last, now) for row in found[:ROWS]]
    return Listing(tuple(lines), len(found) > ROWS)


def _line(
    item: WorkItem, ticket: Ticket, owner: str | None, site: Organisation | None, promised: dict[int, Promise],
    last: dict[int, tuple[Event, dict[str, Any]]], now: datetime,
) -> Line:  # fmt: skip
    due_at = ticket.next_due_at if item.due_at in (ON_TOP, NO_DUE) else item.due_at
    waiting = ticket.waiting_until is not None
    event, body = last.get(ticket.id, (None, {}))
    return Line(
        group=group_of(state=ticket.state, overdue=item.overdue, waiting=waiting, due_at=due_at, now=now),
        ticket=ticket, due_at=due_at, owner=owner or "", site=site, promise=promised.get(ticket.id),
        broken=item.due_at == ON_TOP, last_type=event.type if event else "", last_at=event.at if event else None,
        last_text=str(body.get("text", "")),
    )  # fmt: skip


def _promises(session: Session, ids: Sequence[int]) -> dict[int, Promise]:
    """The open promise of each ticket that is due first."""
    statement = select(Promise).where(Promise.ticket_id.in_(ids), Promise.state == "open")
    return {promise.ticket_id: promise for promise in session.scalars(statement.order_by(Promise.due_at.desc()))}


def _last(session: Session, ids: Sequence[int]) -> dict[int, tuple[Event, dict[str, Any]]]:
    """The last telling entry of each ticket with its text."""
    newest = select(Event.ticket_id, func.max(Event.seq).label("seq"))
    newest = newest.where(entries.of_tickets(ids), Event.type.in_(TELLING)).group_by(Event.ticket_id)
    top = newest.subquery()
    statement = (
        select(Event, FreeText.body)
        .join(top, (top.c.ticket_id == Event.ticket_id) & (top.c.seq == Event.seq))
        .outerjoin(FreeText, FreeText.id == Event.text_id)
        .where(entries.of_tickets(ids))
    )
    return {event.ticket_id: (event, body or {}) for event, body in session.execute(statement)}


def leave_note(*, actor: Actor, text: str, now: datetime, key: str = "") -> int:
    """Write a note for the next shift of the own desk; its id. The same form (`key`) again writes none.

    Raises Invalid(text), NotFound for no desk.
    """
    helping.check_text(text)
    work_scope(actor)
    said = (actor.user_id, text.strip())
    with write() as session:
        if (known := presses.before(session, "handover", key, said)) is not None:
            return known
        note = HandoverNote(
            id=new_id(), organisation_id=actor.organisation_id, user_id=actor.user_id, at=now, text=text.strip()
        )
        session.add(note)
        return presses.remember(session, "handover", key, note.id, now, said)


def read_note(*, actor: Actor, note_id: int, now: datetime) -> None:
    """Take note of what a colleague left: it leaves the queue. Raises NotFound for another desk's and for one's own."""
    with write() as session:
        note = session.get(HandoverNote, note_id)
        if note is None or note.organisation_id != actor.organisation_id or note.user_id == actor.user_id:
            raise NotFound("note_not_found")
        if note.read_at is None:
            note.read_at, note.read_by_id = now, actor.user_id


def unread(session: Session, actor: Actor) -> list[tuple[HandoverNote, str]]:
    """What colleagues at this desk left and nobody has read, oldest first, with the writer's name."""
    notes = select(HandoverNote, User.name).join(User, User.id == HandoverNote.user_id)
    notes = notes.where(HandoverNote.organisation_id == actor.organisation_id, HandoverNote.read_at.is_(None))
    rows = session.execute(notes.where(HandoverNote.user_id != actor.user_id).order_by(HandoverNote.id).limit(NOTES))
    return [(note, name) for note, name in rows]


def latest(session: Session, actor: Actor, now: datetime) -> list[tuple[HandoverNote, str]]:
    """The notes of this desk for its hand-over sheet, newest first: those of a day, and what nobody has read."""
    notes = select(HandoverNote, User.name).join(User, User.id == HandoverNote.user_id)
    fresh = (HandoverNote.at > now - A_DAY) | HandoverNote.read_at.is_(None)
    notes = notes.where(HandoverNote.organisation_id == actor.organisation_id, fresh).order_by(HandoverNote.id.desc())
    return [(note, name) for note, name in session.execute(notes.limit(NOTES))]
