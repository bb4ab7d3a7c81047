"""Who owns a ticket: take, give back, hand over, and the choice of an owner by itself (rulebook 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from app.domain import ownership as rule
from app.domain.errors import Invalid
from app.domain.lifecycle import OPEN_STATES
from app.domain.ownership import Colleague
from app.domain.roles import SYSTEM, Actor
from app.models import Organisation, Person, Ticket, User, WorkItem
from app.services import calendars, desk, journal
from app.services.desk import Outcome, Post
from app.services.transaction import read_ahead, stored, write

EARLIER_TICKETS = 50  # looked at for the complainant's first owner


@dataclass(frozen=True)
class Member:
    """A person of a team as it sees itself: account facts, whether the person is there, and the open owned tickets."""

    user_id: int
    name: str
    role: str
    skills: tuple[str, ...]
    off_duty: bool
    there: bool
    load: int


def take(*, actor: Actor, post: Post, now: datetime) -> Outcome:
    """Take a ticket at work that nobody owns. Raises NotFound, NotAllowed, Stale."""
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "take", actor)
        own(session, ticket, actor)
        event = journal.append(session, ticket, "taken", actor=actor, now=now)
        return desk.finish(session, ticket, event, now, post)


def give_back(*, actor: Actor, post: Post, note: str, now: datetime) -> Outcome:
    """Give a ticket back to the team; the note may be empty. Raises Invalid, NotFound, NotAllowed, Stale."""
    _require(_note_errors(note, required=False))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "give_back", actor)
        data = {"owner_id": ticket.owner_id}
        ticket.owner_id = None
        text = {"text": note} if note.strip() else None
        event = journal.append(session, ticket, "given_back", actor=actor, now=now, data=data, text=text)
        return desk.finish(session, ticket, event, now, post)


def hand_over(*, actor: Actor, post: Post, to_id: int | None, note: str, now: datetime) -> Outcome:
    """Give a ticket to a colleague of the own organisation who is there, with a note. The clocks run on.

    Raises Invalid (`colleague`: required, away, has_it; `text`), NotFound, NotAllowed, Stale.
    """
    errors = _note_errors(note, required=True) | ({} if to_id else {"colleague": "required"})
    _require(errors)
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "hand_over", actor)
        person = _receiver(session, ticket, actor, to_id, now)
        data = {"from_id": ticket.owner_id, "to_id": person.id}
        ticket.owner_id = person.id
        text = {"text": note, "to": person.name}
        event = journal.append(session, ticket, "handed_over", actor=actor, now=now, data=data, text=text)
        return desk.finish(session, ticket, event, now, post)


def own(session: Session, ticket: Ticket, actor: Actor) -> None:
    """The actor owns the ticket from now on; whoever takes work up is on duty."""
    ticket.owner_id = actor.user_id
    if read_ahead(session, ("off duty", actor.user_id)) is False:
        return
    mine = and_(User.id == actor.user_id, User.off_duty_at.is_not(None))
    session.execute(update(User).where(mine).values(off_duty_at=None))


def auto_assign(session: Session, ticket: Ticket, site: Organisation, now: datetime) -> None:
    """Give a freshly routed ticket an owner where its site wants that; it stays open and its clocks run on."""
    if not site.auto_assign:
        return
    people = team(session, site.id, now)
    first = _first_owner(session, ticket, site.id, now)
    chosen = rule.choose([Colleague(m.user_id, frozenset(m.skills), m.load) for m in people if m.there],
                         ticket.category, first)  # fmt: skip
    person = next((member for member in people if member.user_id == chosen), None)
    if person is None:
        return
    ticket.owner_id = person.user_id
    data = {"to_id": person.user_id, "why": "first_owner" if person.user_id == first else "load"}
    journal.append(session, ticket, "auto_assigned", actor=SYSTEM, now=now, data=data, text={"to": person.name})


def colleagues(session: Session, ticket: Ticket, actor: Actor) -> list[tuple[int, str]]:
    """Whom the actor may hand the ticket to, whether or not they are there; nothing where that is not allowed.

    What nobody owns one does not hand to oneself: that is claiming it.
    """
    if actor.organisation_id is None or not desk.may(ticket, actor, "hand_over"):
        return []
    statement = select(User.id, User.name).where(User.organisation_id == actor.organisation_id, _usable())
    not_to = ticket.owner_id or actor.user_id
    rows = session.execute(statement.where(User.id.is_distinct_from(not_to)).order_by(User.name, User.id))
    return [(user_id, name) for user_id, name in rows]


def gone_before(session: Session, now: datetime) -> datetime:
    """The instant before which whoever was last seen counts as gone."""
    return rule.gone_since(calendars.calendars(session)["service"], now)


def team(session: Session, organisation_id: int, now: datetime) -> list[Member]:
    """The people of an organisation who can sign in, the oldest account first, with their open loads. Select only."""
    loads = _loads(session, organisation_id)
    gone = gone_before(session, now)
    statement = select(User).where(User.organisation_id == organisation_id, _usable()).order_by(User.id)
    return [
        Member(user.id, user.name, user.role, tuple(user.skills), user.off_duty_at is not None, _there(user, gone),
               loads.get(user.id, 0))
        for user in session.scalars(statement)
    ]  # fmt: skip


def _usable() -> ColumnElement[bool]:
    return User.disabled_at.is_(None)


def _there(user: User, gone: datetime) -> bool:
    seen = user.last_seen_at
    return user.off_duty_at is None and seen is not None and seen >= gone


def _loads(session: Session, organisation_id: int) -> dict[int, int]:
    statement = select(WorkItem.owner_id, func.count()).where(
        WorkItem.scope == organisation_id, WorkItem.owner_id.is_not(None), WorkItem.state.in_(OPEN_STATES)
    )
    rows = session.execute(statement.group_by(WorkItem.owner_id))
    return {owner_id: n for owner_id, n in rows if owner_id is not None}


def _first_owner(session: Session, ticket: Ticket, site_id: int, now: datetime) -> int | None:
    """Who owned the complainant's last ticket at this site within 30 days (首问责任)."""
    stored(session)  # the complainant is as new as the ticket
    person = session.get(Person, ticket.id)
    wanted = _digits(person.phone) if person else ""
    if person is None or len(wanted) < 7:
        return None
    statement: Any = (
        select(Ticket.owner_id, Person.phone)
        .join(Person, Person.ticket_id == Ticket.id)
        .where(Person.phone_last4 == person.phone_last4, Ticket.handling_site_id == site_id, Ticket.id != ticket.id)
        .where(Ticket.owner_id.is_not(None), Ticket.opened_at >= now - rule.FIRST_OWNER_DAYS)
        .order_by(Ticket.opened_at.desc(), Ticket.id.desc())
        .limit(EARLIER_TICKETS)
    )
    return next((owner for owner, phone in session.execute(statement) if _digits(phone) == wanted), None)


def _digits(phone: str) -> str:
    return "".join(char for char in phone if char.isdecimal())


def _receiver(session: Session, ticket: Ticket, actor: Actor, to_id: int | None, now: datetime) -> User:
    person = session.get(User, to_id) if to_id else None
    if person is None or person.organisation_id != actor.organisation_id or person.disabled_at is not None:
        raise Invalid({"colleague": "required"})
    if person.id == ticket.owner_id:
        raise Invalid({"colleague": "has_it"})
    if person.id != actor.user_id and not _there(person, gone_before(session, now)):
        raise Invalid({"colleague": "away"})
    return person


def _note_errors(note: str, *, required: bool) -> dict[str, str]:
    if required and not note.strip():
        return {"text": "required"}
    return {"text": "too_long"} if len(note) > desk.TEXT_LIMIT else {}


def _require(errors: dict[str, str]) -> None:
    if errors:
        raise Invalid(errors)
