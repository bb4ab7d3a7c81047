"""The bell: notices are written with the entry that they tell of, in its transaction, and read by one person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.domain import notices as rule
from app.domain.errors import NotFound
from app.domain.notices import TOLD, Telling
from app.domain.roles import Actor
from app.models import Event, Export, Notice, Ticket, User, together
from app.models.dialect import changed, insert_ignoring
from app.models.ids import new_id
from app.models.together import Asked, Question
from app.services import scope
from app.services.transaction import write

PAGE = 50


@dataclass(frozen=True)
class Unread:
    """How many notices a person has not read, at most SHOWN + 1, and the newest of them (0: none)."""

    n: int
    newest: int


@dataclass(frozen=True)
class Line:
    """One notice as its page shows it; `number` is empty where it is not about a ticket."""

    id: int
    kind: str
    at: datetime
    read: bool
    number: str
    category: str
    about: int = 0  # the entry of a ticket or of a rectification form, or the export


def note(session: Session, ticket: Ticket, event: Event) -> None:
    """Tell whom the entry concerns, but nobody of what they did themselves (domain.notices)."""
    telling = TOLD.get(event.type)
    if telling is None:
        return
    with session.no_autoflush:  # an entry may be written before its case is complete
        people = _people(session, ticket, telling, event)
    session.add_all(
        Notice(user_id=user_id, kind=telling.notice, ticket_id=ticket.id, event_id=event.id, at=event.at)
        for user_id in sorted(people) if user_id != event.actor_id
    )  # fmt: skip


def exported(session: Session, row: Export, kind: str, now: datetime) -> None:
    """Tell whoever asked for an export that its file is there, or will not come; once an export."""
    told = {"id": new_id(), "user_id": row.user_id, "kind": kind, "event_id": row.id, "at": now}
    session.execute(insert_ignoring(session, Notice).values(told))


def _people(session: Session, ticket: Ticket, telling: Telling, event: Event) -> set[int]:
    if telling.whom == rule.PERSON:
        return {event.data["person_id"]} if event.data.get("person_id") else set()
    houses = rule.organisations(telling, event.data)
    found = {ticket.owner_id} if ticket.owner_id and telling.whom != rule.NAMED else set()
    if telling.whom in (rule.DESK, rule.EVERY_SIDE) and not found and ticket.handling_site_id:
        houses = [ticket.handling_site_id, *houses]
    return found.union(*(_of(session, house) for house in dict.fromkeys(houses)))


def _of(session: Session, organisation_id: int) -> Iterable[int]:
    usable = select(User.id).where(User.organisation_id == organisation_id, User.disabled_at.is_(None))
    return session.scalars(usable.order_by(User.id).limit(rule.MOST_TOLD))


# --- the read side ---


def unread(session: Session, actor: Actor) -> Unread:
    """What the bell shows: one statement, a bounded piece of one index."""
    return unread_of(together.one(session, unread_asked(actor)))


def unread_asked(actor: Actor) -> Asked:
    """The same as a question of a web page; `unread_of` reads the answer."""
    return _unread(scope.pattern(actor))(**scope.ids(actor))


@cache
def _unread(pattern: Actor) -> Question:
    mine = _mine(select(Notice.id), pattern).where(Notice.read_at.is_(None))
    some = mine.order_by(Notice.id.desc()).limit(rule.SHOWN + 1).subquery()
    return Question(select(func.count(), func.max(some.c.id).label("newest")).select_from(some))


def unread_of(found: Any) -> Unread:
    """The answer to `unread_asked`."""
    return Unread(found[0], found[1] or 0)


def page(session: Session, actor: Actor, before: int | None) -> tuple[list[Line], int | None]:
    """The newest notices below the id `before`, and the id from which the next page goes on."""
    statement = _mine(select(Notice, Ticket.number, Ticket.category), actor)
    if before is not None:
        statement = statement.where(Notice.id < before)
    found = session.execute(statement.order_by(Notice.id.desc()).limit(PAGE + 1)).all()
    lines = [
        Line(row.id, row.kind, row.at, row.read_at is not None, number or "", category or "", row.event_id)
        for row, number, category in found[:PAGE]
    ]
    return lines, lines[-1].id if len(found) > PAGE else None


def _mine(statement: Any, actor: Actor) -> Any:
    """The person's own, without tickets that left the person's scope meanwhile."""
    statement = statement.outerjoin(Ticket, Ticket.id == Notice.ticket_id)
    return statement.where(Notice.user_id == actor.user_id, _in_scope(actor))


def _in_scope(actor: Actor) -> ColumnElement[bool]:
    """Looked up ticket by ticket: as one condition with OR, an engine first collects all tickets of the scope."""
    seen = select(Ticket.id).where(Ticket.id == Notice.ticket_id, scope.visible_to(actor))
    return or_(Notice.ticket_id.is_(None), seen.correlate(Notice).limit(1).scalar_subquery().is_not(None))


# --- the verbs ---


def read(*, actor: Actor, notice_id: int, now: datetime) -> Line:
    """Mark one as read; what it says. Raises NotFound."""
    mine = _mine(select(Notice, Ticket.number, Ticket.category), actor)
    with write() as session:
        found = session.execute(mine.where(Notice.id == notice_id)).one_or_none()
        if found is None:
            raise NotFound("notice_not_found")
        row, number, category = found
        row.read_at = row.read_at or now
        return Line(row.id, row.kind, row.at, True, number or "", category or "", row.event_id)


def read_all(*, actor: Actor, upto: int, now: datetime) -> int:
    """Mark all up to the one with the id `upto` as read, so that none that nobody has seen yet is lost; how many."""
    mine = update(Notice).where(Notice.user_id == actor.user_id, Notice.read_at.is_(None), Notice.id <= upto)
    with write() as session:
        return changed(session, mine.values(read_at=now))


def prune(*, now: datetime, limit: int = 5000) -> int:
    """Delete what is older than KEPT_DAYS, so many at once; how many. The entries stay on their tickets."""
    old = select(Notice.id).where(Notice.at < now - timedelta(days=rule.KEPT_DAYS)).order_by(Notice.at).limit(limit)
    with write() as session:
        return changed(session, delete(Notice).where(Notice.id.in_(old)))
