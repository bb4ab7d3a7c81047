"""Showing personal data in full: a logged action, one row each (rulebook 8, promise 16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain import lifecycle
from app.domain.errors import NotAllowed, NotFound
from app.domain.roles import Actor
from app.models import Person, Reveal, Ticket, TicketContact
from app.models.ids import new_id
from app.services import alarms, desk, journal, scope
from app.services.transaction import write


@dataclass(frozen=True)
class Shown:
    """A person's data in full: the complainant's, or those of somebody else in that role."""

    name: str
    phone: str
    address: str
    role: str = ""


def reveal(*, actor: Actor, number: str, now: datetime, role: str = "") -> Shown:
    """Log that this person looked, then hand out name, phone and address; of the complainant, or of a role's contact.

    Raises NotFound, also for a role without a contact, and NotAllowed ("no_part_in_it" for a site that has nothing to
    do with the ticket any more: it needs nobody's number).
    """
    if actor.user_id is None:
        raise NotAllowed("nobody_signed_in")
    with write() as session:
        ticket = scope.load(session, actor, number, lock=True)
        if not lifecycle.concerned(actor, desk.facts_of(ticket)):
            raise NotAllowed("no_part_in_it")
        return show(session, ticket, actor, now, role)


def show(session: Session, ticket: Ticket, actor: Actor, now: datetime, role: str = "") -> Shown:
    """The same inside a change that has loaded the ticket in scope and locked it. Many in a row raise an alarm."""
    what = role or "contact"
    person = session.get(TicketContact, (ticket.id, role[:16])) if role else session.get(Person, ticket.id)
    if role and person is None:
        raise NotFound("contact_not_found")
    session.add(Reveal(id=new_id(), ticket_id=ticket.id, user_id=actor.user_id, what=what, at=now))
    journal.append(session, ticket, "revealed", actor=actor, now=now, data={"what": what})
    alarms.watch_reveals(session, ticket, actor, now)
    if person is None:
        return Shown("", "", "")
    return Shown(person.name, person.phone, person.address, role)
