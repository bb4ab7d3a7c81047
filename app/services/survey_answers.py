"""What complainants say of a closed ticket: by a press on their link's page, or to headquarters on the telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import surveys as rule
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import SYSTEM, Actor
from app.models import Event, FreeText, PartyCase, Survey, SurveyCall, Ticket
from app.models.dialect import for_update
from app.models.ids import new_id
from app.services import audit_policy, desk, journal, moves, scope
from app.services.surveys import digest
from app.services.transaction import write


@dataclass(frozen=True)
class Asked:
    """What the question's page shows: the complaint's own words, and what was said if anything was."""

    number: str
    complaint: str
    score: int | None
    comment: str
    rated_at: datetime | None


@dataclass(frozen=True)
class CallIn:
    """How a call-back ended: one of `rule.OUTCOMES`, the rating if the complainant gave one, and words."""

    outcome: str
    score: int | None = None
    text: str = ""


def show(session: Session, token: str, now: datetime) -> Asked:
    """What the page of a live link shows; nothing is recorded. Raises NotFound: unknown and expired look the same."""
    survey = _find(session, token, now)
    ticket = session.get_one(Ticket, survey.ticket_id)
    return Asked(
        ticket.number, _text(session, ticket.headline_id), survey.score, _text(session, survey.text_id), survey.rated_at
    )


def rate(*, token: str, score: int | None, comment: str, now: datetime) -> Asked:
    """Record the rating once; a second press changes nothing and shows what was said.

    Raises NotFound, Invalid(score: required, comment: too_long).
    """
    score = _require(score, comment)
    with write() as session:
        survey = _find(session, token, now)
        ticket = moves.locked_ticket(session, survey.ticket_id)
        session.refresh(survey)
        if survey.score is None:
            event = _record(session, ticket, survey, score, comment, SYSTEM, now)
            active_at = ticket.activity_at
            desk.finish(session, ticket, event, now)
            ticket.activity_at = active_at  # nobody has anything to do because of it
        session.flush()
        return show(session, token, now)


def log_call(*, actor: Actor, survey_id: int, call: CallIn, now: datetime) -> int:
    """Log a call-back (电话回访); without an answer it is tried once more after 4 h (D). A rating given on it counts as
    one by telephone. The id of the entry `called_back`.

    Raises NotFound, NotAllowed ("call_not_due"), Invalid(outcome, score: rated_already or required, text).
    """
    _require_call(call)
    with write() as session:
        survey, ticket = _due(session, actor, survey_id)
        if call.score is not None and survey.score is not None:
            raise Invalid({"score": "rated_already"})
        survey.calls += 1
        again = audit_policy.current(session).call_again_hours
        survey.call_due_at = rule.after_call(call.outcome, survey.calls, now, again)
        data = {"survey_id": survey.id, "outcome": call.outcome, "again_at": survey.call_due_at}
        text = {"text": call.text.strip()} if call.text.strip() else None
        event = journal.append(session, ticket, "called_back", actor=actor, now=now, data=data, text=text)
        session.add(SurveyCall(
            id=new_id(), survey_id=survey.id, user_id=actor.user_id, at=now, outcome=call.outcome,
            text_id=event.text_id,
        ))  # fmt: skip
        if call.score is not None:
            _record(session, ticket, survey, call.score, "", actor, now)
        desk.finish(session, ticket, event, now)
        return event.id


def _due(session: Session, actor: Actor, survey_id: int) -> tuple[Survey, Ticket]:
    """The survey whose call-back is due, with its ticket locked."""
    found = select(Survey.ticket_id).join(Ticket, Ticket.id == Survey.ticket_id)
    ticket_id = session.scalar(found.where(Survey.id == survey_id, scope.visible_to(actor)))
    if ticket_id is None:
        raise NotFound("survey_not_found")
    ticket = moves.locked_ticket(session, ticket_id)
    statement = for_update(select(Survey).where(Survey.id == survey_id)).execution_options(populate_existing=True)
    survey = session.scalars(statement).one()
    if survey.call_due_at is None:
        raise NotAllowed("call_not_due")
    return survey, ticket


def _record(
    session: Session, ticket: Ticket, survey: Survey, score: int, comment: str, actor: Actor, now: datetime
) -> Event:
    """Write the rating into a survey that has none; it counts in the month in which it is given."""
    cases = select(PartyCase.organisation_id, PartyCase.share).where(PartyCase.ticket_id == ticket.id)
    shares = [(place, share) for place, share in session.execute(cases)]
    counted, by = rule.counts(ticket.root_cause, shares, survey.site_id), "link" if actor.user_id is None else "call"
    data: dict[str, Any] = {"survey_id": survey.id, "site_id": survey.site_id, "score": score, "counted": counted}
    text = {"text": comment.strip()} if comment.strip() else None
    event = journal.append(session, ticket, "rated", actor=actor, now=now, data=data | {"by": by}, text=text)
    survey.score, survey.rated_at, survey.text_id, survey.counted = score, now, event.text_id, counted
    survey.rated_by, survey.remind_at = by, None
    if by == "link":
        policy = audit_policy.current(session)
        survey.call_due_at = rule.call_due(score, policy.call_score, now, policy.call_after_days)
    return event


def _find(session: Session, token: str, now: datetime) -> Survey:
    if rule.TOKEN.fullmatch(token) is None:
        raise NotFound("link_not_found")
    statement = select(Survey).where(Survey.token_hash == digest(token), Survey.expires_at > now)
    survey = session.scalars(statement).one_or_none()
    if survey is None:
        raise NotFound("link_not_found")
    return survey


def _require(score: int | None, comment: str) -> int:
    errors = {} if score in rule.SCORES else {"score": "required"}
    if len(comment) > rule.COMMENT_LENGTH:
        errors["comment"] = "too_long"
    if errors or score is None:
        raise Invalid(errors)
    return score


def _require_call(call: CallIn) -> None:
    errors = {} if call.outcome in rule.OUTCOMES else {"outcome": "choose"}
    if call.score is not None and (call.score not in rule.SCORES or call.outcome != rule.REACHED):
        errors["score"] = "only_when_reached"
    if len(call.text) > rule.COMMENT_LENGTH:
        errors["text"] = "too_long"
    if errors:
        raise Invalid(errors)


def _text(session: Session, text_id: int | None) -> str:
    row = session.get(FreeText, text_id) if text_id else None
    return str(row.body.get("text", "")) if row else ""
