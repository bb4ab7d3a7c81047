"""The complainant's own answer to a result where no platform asks for it: solved or not solved (rulebook 3.9).

The token is a secret of the link and stands nowhere but in it: the table keeps its SHA-256, the outbox neither token
nor telephone number. An SMS gets a token of its own at the moment of its sending.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain import customer_links as rule
from app.domain.errors import Invalid, NotFound
from app.domain.masking import mask_phone
from app.domain.reminders import send_after
from app.domain.roles import SYSTEM
from app.models import CustomerLink, Event, FreeText, ImportedTicket, Outbox, Person, Ticket
from app.models.ids import new_id
from app.services import desk, journal, moves, pauses, settling
from app.services.transaction import write

TEMPLATE = "result_link"  # the purpose under which each gateway names its approved template
HALF = 22  # characters
ENTRY = {rule.SOLVED: "satisfied", rule.NOT_SOLVED: "reject"}


@dataclass(frozen=True)
class Asked:
    """What the link's page shows: the complaint and the result in their own words, and the answer if there is one;
    `kind` is the ticket's, because a question is no complaint."""

    number: str
    kind: str
    complaint: str
    result: str
    result_at: datetime
    verdict: str
    answered_at: datetime | None


def make(session: Session, ticket: Ticket, event: Event, now: datetime, hold: timedelta = timedelta(0)) -> str:
    """Make the link of a result that was just written, and the SMS that carries one where the phone is mobile.

    Links to older results of the ticket end. Returns the token, which is shown to the clerk once.
    """
    older = update(CustomerLink).where(CustomerLink.ticket_id == ticket.id, CustomerLink.answered_at.is_(None))
    session.execute(older.where(CustomerLink.expires_at > now).values(expires_at=now))
    token = _mint(session, ticket.id, event.id, rule.expires_at(_objection_due(session, ticket, now)), now)
    phone = _mobile(session, ticket.id)
    data: dict[str, Any] = {"event_id": event.id, "to": mask_phone(phone)}
    if phone:
        data["outbox_id"] = _sms(session, ticket, event, now, hold)
    journal.append(session, ticket, "link_made", actor=SYSTEM, now=now, data=data)
    return token


def _mobile(session: Session, ticket_id: int | None) -> str:
    """The complainant's mobile number, empty where there is none. An old system's customers get no SMS from us."""
    if session.scalar(select(ImportedTicket.ticket_id).where(ImportedTicket.ticket_id == ticket_id)):
        return ""
    person = session.get(Person, ticket_id)
    return rule.mobile(person.phone) if person else ""


def message(session: Session, row: Outbox, now: datetime) -> dict[str, Any] | None:
    """Phone, template and variables of an SMS row, put in at the last moment; None when it must not go out any more.

    The address stands in the approved text, the variables are the two halves of the token (interfaces, section 2).
    """
    event_id = int(row.payload["event_id"])
    known = select(CustomerLink).where(CustomerLink.event_id == event_id).order_by(CustomerLink.id).limit(1)
    link = session.scalars(known).one_or_none()
    phone = _mobile(session, row.ticket_id)
    if link is None or link.answered_at is not None or link.expires_at <= now or not phone:
        return None
    token = _mint(session, link.ticket_id, event_id, link.expires_at, now)
    variables = {"token_head": token[:HALF], "token_tail": token[HALF:]}  # Aliyun takes 35 characters a variable
    return {"phone": phone, "template": TEMPLATE, "variables": variables}


def complete(session: Session, row: Outbox, now: datetime) -> bool:
    """Put what a link's SMS needs into the row on its way out, which is no longer a row of the session.

    True for every other row; False when the SMS must not go out any more.
    """
    if row.payload.get("template") != TEMPLATE:
        return True
    filled = message(session, row, now)
    if filled is not None:
        row.payload = {**row.payload, **filled}
    return filled is not None


def delivered(session: Session, row: Outbox, at: datetime | None, now: datetime) -> None:
    """The phone has the SMS with the link: the time to object counts from then, as far as it has not begun.

    `at` is the carrier's instant where it tells one. The link of an older result starts nothing.
    """
    said = session.get(Event, int(row.payload["event_id"])) if row.payload.get("template") == TEMPLATE else None
    if said is None:
        return
    ticket = moves.locked_ticket(session, said.ticket_id)
    if ticket.state != "replied" or ticket.result_at is None or said.at < ticket.result_at:
        return
    told_at = min(max(at or now, said.at), now)
    data = {"event_id": said.id, "outbox_id": row.id, "told_at": told_at}
    event = journal.append(session, ticket, "link_delivered", actor=SYSTEM, now=now, data=data)
    settling.start_objection(session, ticket, told_at)
    live = update(CustomerLink).where(CustomerLink.event_id == said.id, CustomerLink.expires_at > now)
    session.execute(live.values(expires_at=rule.expires_at(_objection_due(session, ticket, told_at))))
    desk.finish(session, ticket, event, now)


def show(session: Session, token: str, now: datetime) -> Asked:
    """What the page of a live link shows; nothing is recorded. Raises NotFound: unknown and expired look the same."""
    link = _find(session, token, now)
    ticket = session.get_one(Ticket, link.ticket_id)
    event = session.get_one(Event, link.event_id)
    return Asked(
        number=ticket.number, kind=ticket.kind, complaint=_text(session, ticket.headline_id),
        result=_text(session, event.text_id), result_at=event.at, verdict=link.verdict, answered_at=link.answered_at,
    )  # fmt: skip


def answer(*, token: str, verdict: str, comment: str, now: datetime) -> Asked:
    """Record the complainant's answer once, with the effect that the platform's satisfied or reject would have.

    A second press changes nothing and shows what was said. Raises NotFound, Invalid(verdict, comment).
    """
    errors = {} if verdict in rule.VERDICTS else {"verdict": "required"}
    if len(comment) > rule.COMMENT_LENGTH:
        errors["comment"] = "too_long"
    if errors:
        raise Invalid(errors)
    with write() as session:
        link = _find(session, token, now)
        ticket = moves.locked_ticket(session, link.ticket_id)
        session.refresh(link)
        if link.answered_at is None and link.expires_at > now:
            _record(session, ticket, link, verdict, comment.strip(), now)
        session.flush()
        return show(session, token, now)


def _record(session: Session, ticket: Ticket, link: CustomerLink, verdict: str, comment: str, now: datetime) -> None:
    pauses.end(session, ticket, "link", now)
    data = {"by": "link", "event_id": link.event_id, "handed_over": _handed_over(session, link)}
    text = {"text": comment} if comment else None
    event = journal.append(session, ticket, ENTRY[verdict], actor=SYSTEM, now=now, data=data, text=text)
    effect = moves.satisfied_effect if verdict == rule.SOLVED else moves.reject_effect
    effect(session, ticket, comment, now)
    same_result = update(CustomerLink).where(CustomerLink.event_id == link.event_id)
    session.execute(same_result.values(answered_at=now, verdict=verdict))
    session.refresh(link)
    desk.finish(session, ticket, event, now)


def _handed_over(session: Session, link: CustomerLink) -> bool:
    """Whether it is the link that the clerk was shown, and could have pressed: not one out of an SMS."""
    first = session.scalar(select(func.min(CustomerLink.id)).where(CustomerLink.event_id == link.event_id))
    return link.id == first


def _find(session: Session, token: str, now: datetime) -> CustomerLink:
    if rule.TOKEN.fullmatch(token) is None:
        raise NotFound("link_not_found")
    statement = select(CustomerLink).where(CustomerLink.token_hash == digest(token), CustomerLink.expires_at > now)
    link = session.scalars(statement).one_or_none()
    if link is None:
        raise NotFound("link_not_found")
    return link


def digest(token: str) -> str:
    """What the table keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _mint(session: Session, ticket_id: int, event_id: int, expires_at: datetime, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    session.add(CustomerLink(
        id=new_id(), ticket_id=ticket_id, event_id=event_id, token_hash=digest(token), created_at=now,
        expires_at=expires_at,
    ))  # fmt: skip
    return token


def _objection_due(session: Session, ticket: Ticket, told_at: datetime) -> datetime:
    return told_at + timedelta(minutes=settling.objection_limit(session, ticket).minutes)


def _sms(session: Session, ticket: Ticket, event: Event, now: datetime, hold: timedelta) -> int:
    """The intent alone: neither number nor token. Not at night, as for every SMS (rulebook 4, reminders)."""
    row = Outbox(
        id=new_id(), kind="sms", key=f"result_link:{event.id}", lane=f"ticket:{ticket.id}", ticket_id=ticket.id,
        organisation_id=ticket.handling_site_id, province_id=ticket.province_id,
        payload={"template": TEMPLATE, "event_id": event.id, "phone": "", "variables": {}, "tickets": [ticket.number]},
        state="pending", attempts=0, token=0, next_try_at=send_after(now + hold), created_at=now,
    )  # fmt: skip
    session.add(row)
    return row.id


def _text(session: Session, text_id: int | None) -> str:
    row = session.get(FreeText, text_id) if text_id else None
    return str(row.body.get("text", "")) if row else ""
