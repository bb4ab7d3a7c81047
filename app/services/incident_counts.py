"""Keeps what the list of incidents reads: which of its tickets each scope sees, and how many, in the change's
transaction."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.lifecycle import IN_PROGRESS, OPEN
from app.models import IncidentCount, IncidentTicket, Party, Ticket
from app.services import counts

EVERYWHERE = 0  # the scope of headquarters
Key = tuple[int, int, bool]  # incident, scope, answered


def fold(session: Session, ticket: Ticket) -> None:
    """Bring the rows of a ticket in line with its incident, its state and who sees it. The caller commits."""
    session.flush()
    before = {row.scope: row for row in session.scalars(select(IncidentTicket).filter_by(ticket_id=ticket.id))}
    scopes, moved = _scopes(session, ticket), Tally[Key]()
    for scope in sorted(before.keys() | scopes):
        row = before.get(scope)
        if row is not None:
            moved[row.incident_id, scope, row.answered] -= 1
        if ticket.incident_id is None or scope not in scopes:
            session.delete(row)
            continue
        answered = ticket.state not in (OPEN, IN_PROGRESS)
        if row is None:
            session.add(row := IncidentTicket(ticket_id=ticket.id, scope=scope, number=ticket.number))
        row.incident_id, row.answered = ticket.incident_id, answered
        moved[ticket.incident_id, scope, answered] += 1
    session.flush()
    counts.add(session, IncidentCount, [
        {"incident_id": incident_id, "scope": scope, "answered": answered, "n": n}
        for (incident_id, scope, answered), n in moved.items()
    ])  # fmt: skip


def _scopes(session: Session, ticket: Ticket) -> set[int]:
    """Headquarters and every province that has a party in it; none outside an incident."""
    if ticket.incident_id is None:
        return set()
    provinces = select(Party.province_id).where(Party.ticket_id == ticket.id, Party.province_id.is_not(None))
    return {EVERYWHERE, *(one for one in session.scalars(provinces) if one is not None)}


def of(session: Session, scope: int, incident_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Tickets and unanswered ones of these incidents in a scope, from the kept counts."""
    kept = select(IncidentCount.incident_id, IncidentCount.answered, IncidentCount.n)
    mine = kept.where(IncidentCount.incident_id.in_(incident_ids), IncidentCount.scope == scope)
    found: dict[int, tuple[int, int]] = {}
    for incident_id, answered, n in session.execute(mine) if incident_ids else ():
        whole, still = found.get(incident_id, (0, 0))
        found[incident_id] = (whole + n, still + (0 if answered else n))
    return found
