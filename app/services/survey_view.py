"""The read side of ratings: a ticket's own, and what headquarters has to call back. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.domain.lifecycle import CLOSED
from app.domain.roles import Actor
from app.models import FreeText, Organisation, Person, Survey, SurveyCall, Ticket, User
from app.models.together import Question, Step
from app.services import scope

PAGE = 50


@dataclass(frozen=True)
class Rating:
    """A ticket's survey with the complainant's words."""

    survey: Survey
    text: str


@dataclass(frozen=True)
class Due:
    """A call-back that is due; name and phone unmasked. `calls` are earlier tries: when, how each ended, by whom."""

    survey: Survey
    number: str
    site: Organisation | None
    person: Person | None
    comment: str
    complaint: str
    calls: tuple[tuple[datetime, str, str], ...]


_ASKED = Question(
    select(Survey, FreeText.body)
    .outerjoin(FreeText, FreeText.id == Survey.text_id)
    .where(Survey.ticket_id == bindparam("ticket_id"))
)


def of_ticket(ticket: Ticket, actor: Actor) -> Step[Rating | None]:
    """The survey of a ticket; None where nobody was asked. Nothing is asked of a ticket that was never closed."""
    if ticket.state != CLOSED and not ticket.root_cause:
        return None
    (rows,) = yield (_ASKED(ticket_id=ticket.id),)
    return Rating(rows[0][0], str((rows[0][1] or {}).get("text", ""))) if rows else None


def due(session: Session, actor: Actor, now: datetime) -> list[Due]:
    """The call-backs that are due, the longest waiting first; 51 where there are more."""
    said = aliased(FreeText)
    statement = (
        select(Survey, Ticket.number, Organisation, Person, FreeText.body, said.body)
        .join(Ticket, Ticket.id == Survey.ticket_id)
        .outerjoin(Organisation, Organisation.id == Survey.site_id)
        .outerjoin(Person, Person.ticket_id == Survey.ticket_id)
        .outerjoin(FreeText, FreeText.id == Survey.text_id)
        .outerjoin(said, said.id == Ticket.headline_id)
        .where(Survey.call_due_at <= now, scope.visible_to(actor))
        .order_by(Survey.call_due_at, Survey.id)
        .limit(PAGE + 1)
    )
    found = session.execute(statement).all()
    calls = _calls(session, [row[0].id for row in found])
    return [
        Due(survey, number, site, person, _words(comment), _words(complaint), tuple(calls.get(survey.id, ())))
        for survey, number, site, person, comment, complaint in found
    ]


def _calls(session: Session, ids: list[int]) -> dict[int, list[tuple[datetime, str, str]]]:
    statement = select(SurveyCall.survey_id, SurveyCall.at, SurveyCall.outcome, User.name)
    statement = statement.join(User, User.id == SurveyCall.user_id).where(SurveyCall.survey_id.in_(ids))
    found: dict[int, list[tuple[datetime, str, str]]] = {}
    for survey_id, at, outcome, name in session.execute(statement.order_by(SurveyCall.id)):
        found.setdefault(survey_id, []).append((at, outcome, name))
    return found


def _words(body: object) -> str:
    return str(body.get("text", "")) if isinstance(body, dict) else ""


@dataclass(frozen=True)
class Line:
    """A rating of the exported list."""

    survey: Survey
    number: str
    category: str
    site: Organisation | None
    comment: str


def page(session: Session, actor: Actor, before: int, limit: int) -> list[Line]:
    """Surveys that were rated or wait for a call-back, in scope, by falling id; one more where there are more."""
    statement = (
        select(Survey, Ticket.number, Ticket.category, Organisation, FreeText.body)
        .join(Ticket, Ticket.id == Survey.ticket_id)
        .outerjoin(Organisation, Organisation.id == Survey.site_id)
        .outerjoin(FreeText, FreeText.id == Survey.text_id)
        .where(_told(), scope.visible_to(actor), Survey.id < before)
        .order_by(Survey.id.desc())
        .limit(limit + 1)
    )
    return [
        Line(survey, number, category, site, _words(body))
        for survey, number, category, site, body in session.execute(statement)
    ]


def count(session: Session, actor: Actor, below: int, most: int) -> int:
    """How many there are below an id, at most `most`."""
    found = select(Survey.id).join(Ticket, Ticket.id == Survey.ticket_id)
    found = found.where(_told(), scope.visible_to(actor), Survey.id < below).limit(most)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def _told() -> ColumnElement[bool]:
    return or_(Survey.score.is_not(None), Survey.call_due_at.is_not(None))
