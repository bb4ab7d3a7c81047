"""Folds the open cases of a ticket into its row, so that the lifecycle and the lists ask no other table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.lifecycle import AT_HEADQUARTERS
from app.domain.responsibility import OPEN
from app.domain.roles import Actor
from app.domain.ticket_facts import NO_CASES, Cases
from app.models import Clock, EvidenceOrder, Organisation, Party, PartyCase, Ticket, Transfer
from app.services import clocks, search_index, work

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
        EvidenceOrder.ticket_id == ticket.id, EvidenceOrder.state.in_(("open", "silent"))
    )
    transfers = list(session.scalars(select(Transfer).where(Transfer.ticket_id == ticket.id)))
    open_transfers = [transfer for transfer in transfers if transfer.state == "open"]
    kept: dict[str, list[int]] = {
        **_of_parties(parties),
        "ordered": list(session.scalars(orders)),
        "provinces": _provinces(session, ticket),
    }
    kept["courts"] = kept["hearing"] + [transfer.court_id for transfer in open_transfers]
    found: dict[str, object] = {name: sorted(set(ids)) for name, ids in kept.items() if ids}
    if not found.keys() - {"provinces"}:
        found = {}
    if transfers:
        found["transfer"] = bool(open_transfers)  # false: there were returns, and none waits
    ticket.cases = found


def _of_parties(parties: list[PartyCase]) -> dict[str, list[int]]:
    """A party owes its answer until it gives it, presumed responsible or not; a ruling of an LCS can go to CCS."""

    def ids(*states: str) -> list[int]:
        return [case.organisation_id for case in parties if case.state in states]

    return {
        "parties": ids(*ACTIVE),
        "asked": ids("asked") + [c.organisation_id for c in parties if c.state == "presumed" and not c.answered_at],
        "presumed": ids("presumed"),
        "contesting": [c.organisation_id for c in parties if c.state == "presumed" and c.contest_until],
        "disputing": ids("disputed"),
        "rejected": ids("rejected") + [c.organisation_id for c in parties if c.state == "ruled" and c.court_id],
        "ruled": ids("ruled"),
        "hearing": [case.court_id or AT_HEADQUARTERS for case in parties if case.state == "arbitration"],
    }


def drop(session: Session, ticket: Ticket) -> None:
    """A withdrawn ticket has nothing left to settle: open cases end without a decision. Its clocks are voided apart."""
    for case in session.scalars(select(PartyCase).where(PartyCase.ticket_id == ticket.id)):
        if case.state in OPEN or case.contest_until:
            case.state, case.contest_until = "dropped", None
    orders = select(EvidenceOrder).where(EvidenceOrder.ticket_id == ticket.id, EvidenceOrder.state != "delivered")
    for order in session.scalars(orders):
        order.state = "dropped"
    for transfer in session.scalars(select(Transfer).where(Transfer.ticket_id == ticket.id, Transfer.state == "open")):
        transfer.state = "dropped"
    fold(session, ticket)


def becomes_handling(session: Session, ticket: Ticket, site_id: int, now: datetime) -> None:
    """A responsible party that gets the ticket itself is a party no more, and nobody rules on its dispute."""
    if site_id not in of(ticket).parties:
        return
    case = session.scalars(
        select(PartyCase).where(PartyCase.ticket_id == ticket.id, PartyCase.organisation_id == site_id)
    ).one()
    case.state, case.contest_until = "removed", None
    clocks.void(session, ticket, ["party_reply"], now, organisation_id=site_id)
    ruling = session.get(Clock, case.ruling_clock_id) if case.ruling_clock_id else None
    case.ruling_clock_id = None
    if ruling is not None:
        clocks.void_run(session, ticket, ruling, now)
    fold(session, ticket)


def _provinces(session: Session, ticket: Ticket) -> list[int]:
    statement = select(Party.province_id).where(Party.ticket_id == ticket.id, Party.province_id.is_not(None))
    return [province for province in session.scalars(statement) if province is not None]


def admit(session: Session, ticket: Ticket, organisation: Organisation, role: str, now: object) -> None:
    """Let an organisation see the ticket from now on; a role that it has already as handling site stays."""
    row = session.get(Party, (ticket.id, organisation.id))
    work.parties_change(session, ticket)
    if row is None:
        province_id = organisation.id if organisation.kind == "province" else organisation.province_id
        row = Party(ticket_id=ticket.id, organisation_id=organisation.id, province_id=province_id, added_at=now)
        row.role = role
        session.add(row)
        search_index.admit(session, ticket, row)
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
