"""What a result claims against what the trace shows, while it is written (rulebook 3.13, before any audit)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import red_flags as rule
from app.domain.kinds import VERIFIED
from app.domain.red_flags import ResultFacts
from app.models import Person, Ticket
from app.services import red_flags

DOUBTS = (rule.NO_SCAN, rule.SIGNER)


def doubts(session: Session, ticket: Ticket, *, measure: str, signed_by: str, now: datetime) -> tuple[str, ...]:
    """The flags of DOUBTS that a result with this measure and signer would raise now.

    "Handed over" without a delivery or signing scan since the complaint, and another kind of signer than the last
    signing scan names. Asks nothing where the result claims neither, the parcel has no number, or
    the answer goes to nobody outside the house.
    """
    return of_many(session, [ticket], measure=measure, signed_by=signed_by, now=now).get(ticket.id, ())


def of_many(
    session: Session, tickets: Sequence[Ticket], *, measure: str, signed_by: str = "", now: datetime
) -> dict[int, tuple[str, ...]]:
    """The same for one result to many tickets, by the ticket's id, those without doubts left out; in as many statements
    as for one."""
    claimed = measure in rule.DELIVERED or bool(signed_by.strip())
    asked = [ticket for ticket in tickets if ticket.kind in VERIFIED and ticket.waybill] if claimed else []
    if not asked:
        return {}
    people = select(Person.ticket_id, Person.name).where(Person.ticket_id.in_([one.id for one in asked]))
    names: dict[int, str] = {row.ticket_id: row.name for row in session.execute(people)}
    scans, found = red_flags.scans_of(session, {ticket.waybill for ticket in asked}), {}
    for ticket in asked:
        facts = ResultFacts(
            at=now, received_at=ticket.received_at, measure=measure, signed_by=signed_by,
            complainant=names.get(ticket.id, ""), scans=scans[ticket.waybill],
        )  # fmt: skip
        flags = rule.of(facts, same_text_most=1, quick_seconds=0)
        found[ticket.id] = tuple(flag for flag in flags if flag in DOUBTS)
    return {ticket_id: flags for ticket_id, flags in found.items() if flags}


def mark(ticket: Ticket, found: tuple[str, ...]) -> None:
    """Mark the ticket with the doubts of its newest result in place of those of the one before."""
    ticket.flags = [flag for flag in ticket.flags or [] if flag not in DOUBTS] + list(found)
