"""The one question after closing: who is asked, and what goes out (rulebook 3.15)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain import surveys as rule
from app.domain.customer_links import mobile
from app.domain.lifecycle import CLOSED
from app.domain.masking import mask_phone
from app.domain.reminders import send_after
from app.domain.roles import SYSTEM
from app.models import Event, ImportedTicket, Outbox, Person, Survey, Ticket
from app.models.ids import new_id
from app.services import alarms, audit_policy, journal, own_numbers

TEMPLATE = "survey_link"  # the purpose under which each gateway names its approved template


def after_closing(session: Session, ticket: Ticket, now: datetime) -> None:
    """Ask the complainant of a ticket that was just closed, once in its life: a mobile number, no old system's,
    and none of the site's own: nobody rates themselves."""
    if (
        ticket.kind not in kinds.SCORED
        or ticket.state != CLOSED
        or ticket.closed_at != now
        or ticket.handling_site_id is None
    ):
        return
    phone = phone_of(session, ticket.id)
    known = session.scalar(select(Survey.id).where(Survey.ticket_id == ticket.id))
    if not phone or known is not None:
        return
    if phone in own_numbers.of(session, [ticket.handling_site_id])[ticket.handling_site_id]:
        alarms.own_number(session, ticket, now)
        return
    policy = audit_policy.current(session)
    row = Survey(
        id=new_id(), ticket_id=ticket.id, site_id=ticket.handling_site_id, token_hash=digest(secrets.token_hex(16)),
        asked_at=now, expires_at=now + timedelta(days=policy.survey_open_days),
        remind_at=now + timedelta(days=policy.survey_remind_days),
    )  # fmt: skip
    session.add(row)
    sms = _sms(session, ticket, row, "asked", now)
    data = {"survey_id": row.id, "outbox_id": sms, "to": mask_phone(phone)}
    journal.append(session, ticket, "survey_asked", actor=SYSTEM, now=now, data=data)


def phone_of(session: Session, ticket_id: int) -> str:
    """The complainant's mobile number; empty where there is none, and for an old system's customers."""
    if session.scalar(select(ImportedTicket.ticket_id).where(ImportedTicket.ticket_id == ticket_id)):
        return ""
    person = session.get(Person, ticket_id)
    return mobile(person.phone) if person else ""


def _sms(session: Session, ticket: Ticket, survey: Survey, turn: str, now: datetime) -> int:
    """The intent alone: neither number nor token. Not at night."""
    payload = {"template": TEMPLATE, "survey_id": survey.id, "phone": "", "variables": {}, "tickets": [ticket.number]}
    row = Outbox(
        id=new_id(), kind="sms", key=f"survey:{survey.id}:{turn}", lane=f"ticket:{ticket.id}", ticket_id=ticket.id,
        organisation_id=ticket.handling_site_id, province_id=ticket.province_id, state="pending", attempts=0, token=0,
        payload=payload, next_try_at=send_after(now), created_at=now,
    )  # fmt: skip
    session.add(row)
    return row.id


def complete(session: Session, row: Outbox, now: datetime, key: str) -> bool:
    """Put number and link into a survey's SMS on its way out, which is no longer a row of the session.

    True for every other row; False when it must not go out any more. `key` is SECRET_KEY.
    """
    if row.payload.get("template") != TEMPLATE:
        return True
    survey = session.get(Survey, int(row.payload["survey_id"]))
    phone = phone_of(session, row.ticket_id or 0)
    if survey is None or not phone or not _wanted(session, survey, now):
        return False
    token = rule.token(key, survey.id)
    survey.token_hash = digest(token)
    row.payload = {**row.payload, "phone": phone, "variables": {"token": token}}
    return True


def _wanted(session: Session, survey: Survey, now: datetime) -> bool:
    """Nobody is asked about a ticket that is worked again, nor about one that they have rated."""
    state = session.scalar(select(Ticket.state).where(Ticket.id == survey.ticket_id))
    return survey.score is None and survey.expires_at > now and state == CLOSED


def remind(session: Session, ticket: Ticket, survey: Survey, now: datetime) -> Event | None:
    """The one reminder of a question that nobody has answered; afterwards a call-back is due. None where it is not
    wanted any more."""
    survey.remind_at = None
    if not _wanted(session, survey, now):
        return None
    policy = audit_policy.current(session)
    survey.reminded_at = now
    survey.call_due_at = rule.call_due(None, policy.call_score, now, policy.call_after_days)
    data = {"survey_id": survey.id, "outbox_id": _sms(session, ticket, survey, "reminded", now)}
    return journal.append(session, ticket, "survey_reminded", actor=SYSTEM, now=now, data=data)


def digest(token: str) -> str:
    """What the table keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
