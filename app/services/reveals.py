"""Showing personal data in full: a logged action, one row each (rulebook 8, promise 16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.errors import NotAllowed
from app.domain.roles import Actor
from app.models import Person, Reveal, Ticket
from app.models.ids import new_id
from app.services import alarms, journal, scope
from app.services.transaction import write


@dataclass(frozen=True)
class Shown:
    """The complainant's data in full."""

    name: str
    phone: str
    address: str


def reveal(*, actor: Actor, number: str, now: datetime) -> Shown:
    """Log that this person looked, then hand out name, phone and address. Raises NotFound, NotAllowed."""
    if actor.user_id is None:
        raise NotAllowed("nobody_signed_in")
    with write() as session:
        return show(session, scope.load(session, actor, number, lock=True), actor, now)


def show(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> Shown:
    """The same inside a change that has loaded the ticket in scope and locked it. Many in a row raise an alarm."""
    session.add(Reveal(id=new_id(), ticket_id=ticket.id, user_id=actor.user_id, what="contact", at=now))
    journal.append(session, ticket, "revealed", actor=actor, now=now, data={"what": "contact"})
    alarms.watch_reveals(session, ticket, actor, now)
    person = session.get(Person, ticket.id)
    if person is None:
        return Shown("", "", "")
    return Shown(person.name, person.phone, person.address)
