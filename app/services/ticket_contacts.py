"""The people of a ticket beside its complainant: consignee, sender and so on, each with a contact of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.models import Ticket, TicketContact
from app.models.together import Question, Step

ROLES = ("consignee", "sender", "merchant", "platform", "regulator")


@dataclass(frozen=True)
class ContactIn:
    """Somebody of the ticket, by role."""

    role: str
    name: str = ""
    phone: str = ""
    address: str = ""

    def __bool__(self) -> bool:
        return any(part.strip() for part in (self.name, self.phone, self.address))


def keep(session: Session, ticket: Ticket, contacts: Sequence[ContactIn]) -> None:
    """Write down the contacts of a new ticket, one a role; the complainant's own role is the complainant's."""
    found = {one.role: one for one in contacts if one and one.role in ROLES and one.role != ticket.complainant_kind}
    for one in found.values():
        row = TicketContact(ticket_id=ticket.id, role=one.role, name=one.name.strip()[:80])
        row.phone, row.address = one.phone.strip()[:40], one.address.strip()[:300]
        session.add(row)
    ticket.contact_roles = ",".join(sorted(found))


_CONTACTS = Question(select(TicketContact).where(TicketContact.ticket_id == bindparam("ticket_id")))


def of_ticket(ticket: Ticket, actor: Actor) -> Step[list[TicketContact]]:
    """The contacts of a ticket in the order of ROLES; asks nothing where the row says that there are none."""
    if not ticket.contact_roles:
        return []
    (rows,) = yield (_CONTACTS(ticket_id=ticket.id),)
    return sorted(rows, key=lambda row: ROLES.index(row.role))
