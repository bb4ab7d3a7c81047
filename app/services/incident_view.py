"""The read side of incidents. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from app.domain.answers import Answer, parse_answers
from app.domain.roles import Actor
from app.models import Incident, Organisation, PlatformOrder, Ticket, User
from app.models.together import Question, Step
from app.services import incidents
from app.services.scope import visible_to

PAGE = 50
TICKETS = 100  # on one page, the number of one mass reply


@dataclass(frozen=True)
class Row:
    """An incident of the list with what is in it, as far as the reader sees it."""

    incident: Incident
    province: Organisation | None
    opener: str
    tickets: int
    open: int


def page(session: Session, actor: Actor, before: int | None = None, limit: int = PAGE) -> list[Row]:
    """Incidents in scope, the newest first; one more than `limit` where there are more."""
    statement = (
        select(Incident, Organisation, User.name)
        .join(User, User.id == Incident.opened_by_id)
        .outerjoin(Organisation, Organisation.id == Incident.province_id)
        .where(incidents.seen_by(actor))
        .order_by(Incident.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Incident.id < before)
    found = session.execute(statement).all()
    inside = _counted(session, actor, [row.id for row, _province, _name in found])
    return [Row(row, province, name, *inside.get(row.id, (0, 0))) for row, province, name in found]


def _counted(session: Session, actor: Actor, ids: list[int]) -> dict[int, tuple[int, int]]:
    """Tickets and unanswered ones of these incidents alone, as far as the reader sees them."""
    still = func.sum(case((Ticket.state.in_(("open", "in_progress")), 1), else_=0))
    inside = select(Ticket.incident_id, func.count(), still).where(Ticket.incident_id.in_(ids), visible_to(actor))
    rows = session.execute(inside.group_by(Ticket.incident_id)) if ids else ()
    return {incident_id: (n, unanswered) for incident_id, n, unanswered in rows}


def tickets(session: Session, actor: Actor, row: Incident) -> list[tuple[Ticket, Organisation | None]]:
    """Its tickets in scope, those without an answer first; one more than TICKETS where there are more."""
    replied = case((Ticket.state.in_(("open", "in_progress")), 0), else_=1)
    statement = (
        select(Ticket, Organisation)
        .outerjoin(Organisation, Organisation.id == Ticket.handling_site_id)
        .where(Ticket.incident_id == row.id, visible_to(actor))
        .order_by(replied, Ticket.number)
        .limit(TICKETS + 1)
    )
    return [(ticket, site) for ticket, site in session.execute(statement)]


def answers(session: Session, actor: Actor, row: Incident) -> list[Answer]:
    """The answers that the platforms of its tickets allow, each once."""
    statement = (
        select(PlatformOrder.answers)
        .join(Ticket, Ticket.id == PlatformOrder.ticket_id)
        .where(Ticket.incident_id == row.id, visible_to(actor), PlatformOrder.verdict != "cancelled")
        .limit(TICKETS * 5)
    )
    found: dict[str, Answer] = {}
    for offered in session.scalars(statement):
        for answer in parse_answers(offered or []):
            found.setdefault(answer.value, answer)
    return list(found.values())


_INCIDENT = Question(select(Incident).where(Incident.id == bindparam("incident_id")))


def of_ticket(ticket: Ticket, actor: Actor) -> Step[Any]:
    """The incident of a ticket, for its chip; asks nothing where there is none."""
    if not ticket.incident_id:
        return None
    ((incident,),) = yield (_INCIDENT(incident_id=ticket.incident_id),)
    return incident
