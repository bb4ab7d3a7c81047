"""Folds the open cases of a ticket into its row, so that the lifecycle and the lists ask no other table."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.lifecycle import AT_HEADQUARTERS, NO_CASES, Cases
from app.domain.roles import Actor
from app.models import EvidenceOrder, Organisation, Party, PartyCase, Ticket, Transfer

OWES = frozenset({"asked"})
ACTIVE = frozenset({"asked", "answered", "disputed", "not_liable", "rejected", "arbitration", "presumed", "ruled"})


def of(ticket: Ticket) -> Cases:
    """The cases as the lifecycle wants them."""
    kept = ticket.cases or {}
    if not kept:
        return NO_CASES
    sets = {name: frozenset(ids) for name, ids in kept.items() if name != "transfer"}
    return Cases(**sets, transfer=bool(kept.get("transfer")))


def fold(session: Session, ticket: Ticket) -> None:
    """Read the tables of cases anew and keep what is open on the ticket's row. The caller commits."""
    session.flush()
    parties = list(session.scalars(select(PartyCase).where(PartyCase.ticket_id == ticket.id)))
    orders = select(EvidenceOrder.organisation_id).where(
        EvidenceOrder.ticket_id == ticket.id, EvidenceOrder.state != "delivered"
    )
    transfers = list(session.scalars(select(Transfer).where(Transfer.ticket_id == ticket.id)))
    open_transfers = [transfer for transfer in transfers if transfer.state == "open"]
    kept: dict[str, list[int]] = {
        "parties": [case.organisation_id for case in parties if case.state in ACTIVE],
        "asked": [case.organisation_id for case in parties if case.state in OWES],
        "contesting": [case.organisation_id for case in parties if case.state == "presumed" and case.contest_until],
        "disputing": [case.organisation_id for case in parties if case.state == "disputed"],
        "rejected": [case.organisation_id for case in parties if case.state == "rejected"],
        "courts": [case.court_id or 0 for case in parties if case.state == "arbitration"]
        + [transfer.court_id for transfer in open_transfers],
        "ordered": list(session.scalars(orders)),
        "provinces": _provinces(session, ticket),
    }
    found: dict[str, object] = {name: sorted(set(ids)) for name, ids in kept.items() if ids}
    if not found.keys() - {"provinces"}:
        found = {}
    if transfers:
        found["transfer"] = bool(open_transfers)  # false: there were returns, and none waits
    ticket.cases = found


def _provinces(session: Session, ticket: Ticket) -> list[int]:
    statement = select(Party.province_id).where(Party.ticket_id == ticket.id, Party.province_id.is_not(None))
    return [province for province in session.scalars(statement) if province is not None]


def admit(session: Session, ticket: Ticket, organisation: Organisation, role: str, now: object) -> None:
    """Let an organisation see the ticket from now on; a role that it has already as handling site stays."""
    row = session.get(Party, (ticket.id, organisation.id))
    if row is None:
        province_id = organisation.id if organisation.kind == "province" else organisation.province_id
        row = Party(ticket_id=ticket.id, organisation_id=organisation.id, province_id=province_id, added_at=now)
        row.role = role
        session.add(row)
    elif row.role in ("former", "party", "ordered"):
        row.role = role


def court_for(site_province_id: int | None, other_province_id: int | None) -> int:
    """Who rules between two organisations: their common province, else CCS (rulebook 3.10)."""
    if site_province_id is not None and site_province_id == other_province_id:
        return site_province_id
    return AT_HEADQUARTERS


def clock_desk(session: Session, court_id: int) -> int | None:
    """The organisation that a court's `ruling` clock is booked to: the province, or headquarters."""
    if court_id != AT_HEADQUARTERS:
        return court_id
    return session.scalar(select(Organisation.id).where(Organisation.kind == "headquarters"))


def sits_in(actor: Actor, court_id: int) -> bool:
    """Whether the actor sits in that court; CCS may take any."""
    return actor.desk == "ccs" or (actor.desk == "lcs" and actor.province_id == court_id)
