"""Pictures on a ticket: taken in before a post, bound to the entry that is posted, shown to whoever sees the ticket.

No bytes pass through here: the caller writes them anew and puts them into the store between `begin` and `ready`, so
that neither happens inside a transaction. A row stands before its bytes and is deleted after them: nothing is orphaned.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from app.domain import pictures as rule
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.pictures import BadPicture, Picture
from app.domain.roles import Actor
from app.models import Attachment, Event, Ticket
from app.models.dialect import for_update
from app.models.ids import new_id
from app.models.together import Asked, Question, ask
from app.services import desk, journal, scope
from app.services.transaction import write


@dataclass(frozen=True)
class Place:
    """A row and the name under which its bytes lie in the store."""

    id: int
    store_name: str


def begin(*, actor: Actor, number: str, box: str, file_name: str, now: datetime) -> Place:
    """Make room for one upload on a ticket in scope, for a reply box that is open to the actor.

    Raises NotFound, NotAllowed, BadPicture("too_many").
    """
    with write() as session:
        ticket = scope.load(session, actor, number, lock=True)
        if not any(desk.may(ticket, actor, action) for action in rule.BOXES.get(box, ())):
            raise NotAllowed("not_allowed")
        waiting = select(func.count()).where(*_waiting(ticket.id, actor.user_id), Attachment.box == box)
        if (session.scalar(waiting) or 0) >= rule.MAX_PER_ENTRY:
            raise BadPicture("too_many")
        row = Attachment(
            id=new_id(), ticket_id=ticket.id, uploaded_by_id=actor.user_id, box=box, origin="upload", state="pending",
            store_name=secrets.token_hex(16), file_name=rule.clean_name(file_name), created_at=now,
        )  # fmt: skip
        session.add(row)
        return Place(row.id, row.store_name)


def ready(*, attachment_id: int, picture: Picture) -> None:
    """The bytes of an upload lie in the store."""
    with write() as session:
        fill(session.get_one(Attachment, attachment_id), picture)


def lost(*, attachment_id: int, error: str) -> None:
    """The bytes of a posted picture could not be kept: its place says so."""
    with write() as session:
        row = session.get_one(Attachment, attachment_id)
        row.state, row.error = "failed", error[:24]


def fill(row: Attachment, picture: Picture) -> None:
    """Write down what the picture is."""
    row.state, row.media_type, row.size = "ready", picture.media_type, len(picture.data)
    row.width, row.height, row.sha256, row.taken_at = picture.width, picture.height, picture.sha256, picture.taken_at


def remove(*, actor: Actor, number: str, attachment_id: int) -> Place:
    """Take back one's own upload before it is posted; the caller deletes the bytes and then calls `forget`."""
    with write() as session:
        ticket = scope.load(session, actor, number)
        mine = select(Attachment).where(Attachment.id == attachment_id, *_waiting(ticket.id, actor.user_id))
        row = session.scalars(for_update(mine)).one_or_none()
        if row is None:
            raise NotFound("attachment_not_found")
        row.state = "failed"
        return Place(row.id, row.store_name)


def unposted(*, now: datetime, limit: int = 100) -> list[Place]:
    """Give up uploads that no entry took for 24 h; the caller deletes their bytes and then calls `forget`."""
    with write() as session:
        old = Attachment.created_at < now - rule.UNPOSTED_FOR
        statement = select(Attachment).where(old, Attachment.event_id.is_(None), Attachment.origin == "upload")
        rows = list(session.scalars(for_update(statement.limit(limit), skip_locked=True)))
        for row in rows:
            row.state = "failed"
        return [Place(row.id, row.store_name) for row in rows]


def forget(*, attachment_id: int) -> None:
    """Delete the row of an unposted upload whose bytes are gone."""
    with write() as session:
        unposted_row = and_(Attachment.event_id.is_(None), Attachment.origin == "upload")
        session.execute(delete(Attachment).where(Attachment.id == attachment_id, unposted_row))


def take(session: Session, ticket: Ticket, actor: Actor, ids: Sequence[int]) -> list[Attachment]:
    """The uploads with these ids, locked, in their order, for the entry that is being written.

    Raises Invalid(file) unless each is a finished upload of this actor on this ticket that no entry has taken.
    """
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return []
    if len(wanted) > rule.MAX_PER_ENTRY:
        raise Invalid({"file": "too_many"})
    statement = select(Attachment).where(Attachment.id.in_(wanted), *_waiting(ticket.id, actor.user_id))
    rows = list(session.scalars(for_update(statement.where(Attachment.state == "ready").order_by(Attachment.id))))
    if len(rows) != len(wanted):
        raise Invalid({"file": "unknown_attachment"})
    return rows


def proof(rows: Sequence[Attachment]) -> dict[str, Any]:
    """What the event says of its pictures: id and digest, so that the chain also proves them; nothing without any."""
    return {"attachments": [[row.id, row.sha256] for row in rows]} if rows else {}


def bind(rows: Sequence[Attachment], event: Event) -> None:
    """The pictures belong to this entry from now on."""
    for row in rows:
        row.event_id = event.id


def entry(
    session: Session, ticket: Ticket, kind: str, actor: Actor, now: datetime,
    data: Mapping[str, Any], text: Mapping[str, Any], ids: Sequence[int],
) -> Event:  # fmt: skip
    """Append an entry with its pictures bound to it; their digests stand in the chain. Raises Invalid(file)."""
    rows = take(session, ticket, actor, ids)
    event = journal.append(session, ticket, kind, actor=actor, now=now, data={**data, **proof(rows)}, text=text)
    bind(rows, event)
    return event


def of_ticket(session: Session, actor: Actor, ticket: Ticket) -> list[Attachment]:
    """What the actor sees on the ticket: everything posted, and the own uploads that wait."""
    return ask(session, seen(actor, ticket))[0]


def seen(actor: Actor, ticket: Ticket) -> Asked:
    """The same as a question of a page."""
    return _SEEN(ticket_id=ticket.id, actor_id=actor.user_id)


def load(session: Session, actor: Actor, attachment_id: int) -> Attachment:
    """A finished picture whose ticket lies in the actor's scope; an unposted one only for its uploader.

    Raises NotFound, whatever the reason.
    """
    mine = and_(Attachment.uploaded_by_id == actor.user_id, Attachment.uploaded_by_id.is_not(None))
    statement = select(Attachment).join(Ticket, Ticket.id == Attachment.ticket_id)
    statement = statement.where(Attachment.id == attachment_id, Attachment.state == "ready", scope.visible_to(actor))
    row = session.scalars(statement.where(or_(Attachment.event_id.is_not(None), mine))).one_or_none()
    if row is None:
        raise NotFound("attachment_not_found")
    return row


def _waiting(ticket_id: Any, user_id: Any) -> tuple[ColumnElement[bool], ...]:
    """The actor's own uploads on this ticket that no entry has taken and nobody has given up."""
    return (
        Attachment.ticket_id == ticket_id, Attachment.event_id.is_(None), Attachment.origin == "upload",
        Attachment.uploaded_by_id == user_id, Attachment.state != "failed",
    )  # fmt: skip


_MINE = and_(*_waiting(bindparam("ticket_id"), bindparam("actor_id")), Attachment.state == "ready")
_SEEN = Question(
    select(Attachment)
    .where(Attachment.ticket_id == bindparam("ticket_id"), or_(Attachment.event_id.is_not(None), _MINE))
    .order_by(Attachment.id)
)
