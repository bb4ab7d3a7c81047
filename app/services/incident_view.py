"""The read side of incidents. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, true, union_all
from sqlalchemy.orm import Session

from app.domain.answers import Answer, parse_answers
from app.domain.roles import Actor
from app.models import Incident, IncidentTicket, Organisation, PlatformOrder, Ticket, User
from app.models.together import Question, Step
from app.services import incident_counts, incidents
from app.services.scope import visible_to, work_scope

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
        .where(Incident.id.in_(_newest(actor, before, limit + 1)), incidents.seen_by(actor))
        .order_by(Incident.id.desc())
        .limit(limit + 1)
    )
    found = session.execute(statement).all()
    inside = incident_counts.of(session, work_scope(actor), [row.id for row, _province, _name in found])
    return [Row(row, province, name, *inside.get(row.id, (0, 0))) for row, province, name in found]


def _newest(actor: Actor, before: int | None, most: int) -> Any:
    """The ids of the newest incidents in scope; a province's own and the network's from the index of each."""
    below = select(Incident.id).where(Incident.id < before) if before is not None else select(Incident.id)
    places: list[ColumnElement[bool]] = [true()]
    if actor.desk != "ccs":
        places = [Incident.province_id == actor.province_id, Incident.province_id.is_(None)]
    parts = [below.where(place).order_by(Incident.id.desc()).limit(most).subquery() for place in places]
    return union_all(*[select(part.c.id) for part in parts])


def tickets(session: Session, actor: Actor, row: Incident) -> list[tuple[Ticket, Organisation | None]]:
    """Its tickets in scope, those without an answer first; one more than TICKETS where there are more."""
    statement = (
        select(Ticket, Organisation)
        .join(IncidentTicket, IncidentTicket.ticket_id == Ticket.id)
        .outerjoin(Organisation, Organisation.id == Ticket.handling_site_id)
        .where(IncidentTicket.incident_id == row.id, IncidentTicket.scope == work_scope(actor), visible_to(actor))
        .order_by(IncidentTicket.answered, IncidentTicket.number)
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
