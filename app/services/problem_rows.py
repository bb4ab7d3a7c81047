"""Keeps what the lists of problem parcels and of inquiries read, in the change's own transaction."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.kinds import INQUIRY, PROBLEM
from app.models import Event, FreeText, InquiryRow, Party, ProblemRow, Ticket, entries


def refresh(session: Session, ticket: Ticket) -> None:
    """Bring the rows of a problem parcel in line with its ticket: one per party, per province and for headquarters; and
    those of an inquiry, which headquarters needs none of."""
    if ticket.kind == INQUIRY:
        _inquiry(session, ticket)
    if ticket.kind != PROBLEM:
        return
    session.flush()
    known = {row.scope: row for row in session.scalars(select(ProblemRow).where(ProblemRow.ticket_id == ticket.id))}
    courier = next(iter(known.values())).courier if known else _courier(session, ticket)
    for scope in _scopes(session, ticket):
        row = known.get(scope) or ProblemRow(scope=scope, ticket_id=ticket.id, courier=courier)
        row.opened_at, row.state, row.category = ticket.opened_at, ticket.state, ticket.category
        row.reporter_id, row.site_id = ticket.reporter_id, ticket.handling_site_id
        session.add(row)


def _inquiry(session: Session, ticket: Ticket) -> None:
    session.flush()
    known = set(session.scalars(select(InquiryRow.scope).where(InquiryRow.ticket_id == ticket.id)))
    for scope in _scopes(session, ticket):
        if scope and scope not in known:
            session.add(InquiryRow(scope=scope, ticket_id=ticket.id, opened_at=ticket.opened_at))


def _scopes(session: Session, ticket: Ticket) -> list[int]:
    parties = select(Party.organisation_id, Party.province_id).where(Party.ticket_id == ticket.id)
    found = {0}
    for organisation_id, province_id in session.execute(parties):
        found |= {organisation_id} | ({province_id} if province_id else set())
    return sorted(found)


def _courier(session: Session, ticket: Ticket) -> str:
    """As the report says it."""
    said = select(FreeText.body).join(Event, Event.text_id == FreeText.id)
    body = session.scalar(said.where(entries.of_ticket(ticket.id), Event.type == "problem_reported"))
    return str((body or {}).get("courier", ""))[:60]
