"""What a result claims against what the trace shows, while it is written (rulebook 3.13, before any audit)."""

from __future__ import annotations

from datetime import datetime

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
    if ticket.kind not in VERIFIED or not ticket.waybill or not (measure in rule.DELIVERED or signed_by.strip()):
        return ()
    person = session.get(Person, ticket.id)
    facts = ResultFacts(
        at=now, received_at=ticket.received_at, measure=measure, signed_by=signed_by,
        complainant=person.name if person else "", scans=red_flags.scans_of(session, {ticket.waybill})[ticket.waybill],
    )  # fmt: skip
    return tuple(flag for flag in rule.of(facts, same_text_most=1, quick_seconds=0) if flag in DOUBTS)


def mark(ticket: Ticket, found: tuple[str, ...]) -> None:
    """Mark the ticket with the doubts of its newest result in place of those of the one before."""
    ticket.flags = [flag for flag in ticket.flags or [] if flag not in DOUBTS] + list(found)
