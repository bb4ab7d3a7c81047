"""Expedites (催件): asked through one intake address or by hand, answered and closed in one step, or made a complaint.

Asking again is a repeat like any other (`moves.repeat`); whose parcel it is, the same routing says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain.contacts import CONTACTS
from app.domain.errors import Invalid
from app.domain.roles import SYSTEM, Actor
from app.models import Category, Event, FreeText, Organisation, Person, Ticket
from app.models.dialect import lock_key
from app.services import acting, clocks, contacts, desk, intake, journal, linked, moves, ownership
from app.services import attachments as pictures
from app.services.desk import Outcome, Post
from app.services.intake import Arrival, ComplaintIn
from app.services.opening import open_ticket
from app.services.transaction import write

MESSAGE = "EXPEDITE"
OF_PARCEL = ("delivered", "out_today", "in_transit", "held", "not_found")
OF_ORDER = ("collected", "collect_today", "order_cancelled", "not_found")


@dataclass(frozen=True)
class Answer:
    """What was found, one of `outcomes_of`, and in which words."""

    outcome: str
    text: str
    contact_outcome: str = ""
    attachments: Sequence[int] = ()


@dataclass(frozen=True)
class Asked:
    """What a message did: the ticket's number, and how often somebody has asked by now."""

    number: str
    times: int


def outcomes_of(category: str) -> tuple[str, ...]:
    """What can be found of a parcel, or of an order."""
    return OF_ORDER if category == intake.COLLECTION else OF_PARCEL


def ask(*, arrival: Arrival, message_id: str, asked: ComplaintIn) -> Asked:
    """Take one message of a channel. Again with the same body: the same answer, nothing new. Raises Conflict when the
    message's id is known with another body."""
    key = hashlib.sha256(f"expedite:{arrival.connection_id}:{message_id}".encode()).hexdigest()
    with write() as session:
        lock_key(session, f"order:{arrival.connection_id}:{message_id}")
        if intake.first_time(session, arrival, message_id, "", None):
            number = intake.place(session, asked, actor=SYSTEM, key=key, now=arrival.at).number
        else:
            before = desk.done_before(session, Post("", None, key))
            number = intake.number_of(session, before) if before else ""
        times = session.scalar(select(Ticket.repeat_count).where(Ticket.number == number)) or 0
        return Asked(number, times + 1)


def settle(*, actor: Actor, post: Post, answer: Answer, now: datetime) -> Outcome:
    """Answer an expedite and close it: `accept`, `first_reply` and `resolve` stop.

    Raises Invalid(outcome, text, contact_outcome, file), NotFound, NotAllowed, Stale.
    """
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        _require(_errors(ticket, answer))
        desk.move(ticket, "settle", actor)
        if ticket.owner_id is None and actor.organisation_id in (ticket.handling_site_id, ticket.acting_id):
            ownership.own(session, ticket, actor)
        event = _reply(session, ticket, actor, answer, now)
        journal.append(session, ticket, "closed", actor=actor, now=now, data={"outcome": answer.outcome})
        return desk.finish(session, ticket, event, now, post)


def _reply(session: Session, ticket: Ticket, actor: Actor, answer: Answer, now: datetime) -> Event:
    data = {"outcome": answer.outcome, "contact_outcome": answer.contact_outcome}
    data |= acting.said(session, ticket, actor, ["resolve"])
    event = pictures.entry(session, ticket, "result", actor, now, data, {"text": answer.text}, answer.attachments)
    contacts.within(session, ticket, actor, event, answer.contact_outcome, now)
    acting.stop(session, ticket, actor, ["accept", "first_reply", "resolve"], now)
    ticket.first_reply_at = ticket.first_reply_at or now
    ticket.result_at, ticket.closed_at = now, now
    return event


def turn(*, actor: Actor, post: Post, category: str, text: str, now: datetime) -> Outcome:
    """Make a complaint of an expedite that was asked about again and again (rulebook 2): the expedite is closed, its
    history stands in the complaint. A parcel that has a complaint gets a repeat of that one.

    The outcome names the complaint. Raises Invalid(category, text), NotFound, NotAllowed, Stale.
    """
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            done = session.get_one(Event, before.event_id)
            return Outcome(str(done.data.get("number", post.number)), done.id, repeated=True)
        row = session.get(Category, category) if category else None
        errors = {} if row is not None and row.kind == kinds.COMPLAINT else {"category": "required"}
        _require(errors | ({"text": "too_long"} if len(text) > desk.TEXT_LIMIT else {}))
        parcel = linked.lock(session, ticket.waybill)
        desk.move(ticket, "to_complaint", actor)
        clocks.void(session, ticket, clocks.SITE_CLOCKS, now)
        ticket.closed_at = ticket.closed_at or now
        complaint = _complaint_of(session, ticket, actor, category, text, parcel, now)
        data = {"number": complaint.number, "times": ticket.repeat_count + 1}
        event = journal.append(session, ticket, "turned", actor=actor, now=now, data=data)
        return Outcome(complaint.number, desk.finish(session, ticket, event, now, post).event_id)


def _complaint_of(
    session: Session, ticket: Ticket, actor: Actor, category: str, text: str, parcel: Sequence[str], now: datetime
) -> Ticket:  # fmt: skip
    words = text.strip() or _first_words(session, ticket)
    standing, _newest = moves.on_parcel(session, parcel, now)
    if standing is not None:
        event = moves.repeat(session, standing, actor=actor, text=words, now=now, channel=ticket.channel)
        complaint = standing
    else:
        complaint, event = open_ticket(
            session, _as_complaint(session, ticket, category, words), actor=actor, now=now, rule="delivery",
            previous=ticket,
        )  # fmt: skip
    data = {"number": ticket.number, "expedite_id": ticket.id, "times": ticket.repeat_count + 1}
    journal.append(session, complaint, "made_of_expedite", actor=actor, now=now, data=data)
    desk.finish(session, complaint, event, now)
    intake.count(session, complaint, event, now)
    return complaint


def _as_complaint(session: Session, ticket: Ticket, category: str, text: str) -> ComplaintIn:
    person = session.get(Person, ticket.id)
    site = session.get(Organisation, ticket.handling_site_id) if ticket.handling_site_id else None
    return ComplaintIn(
        text=text, category=category, waybill=ticket.waybill, channel=ticket.channel,
        complainant_kind=ticket.complainant_kind, name=person.name if person else "",
        phone=person.phone if person else "", address=person.address if person else "",
        site_code=site.code if site else "", platform_priority=3,
    )  # fmt: skip


def _first_words(session: Session, ticket: Ticket) -> str:
    row = session.get(FreeText, ticket.headline_id) if ticket.headline_id else None
    return str(row.body.get("text", "")) if row else ""


def _errors(ticket: Ticket, answer: Answer) -> dict[str, str]:
    errors = {} if answer.outcome in outcomes_of(ticket.category) else {"outcome": "required"}
    if not answer.text.strip():
        errors["text"] = "required"
    elif len(answer.text) > desk.TEXT_LIMIT:
        errors["text"] = "too_long"
    if answer.contact_outcome and answer.contact_outcome not in CONTACTS:
        errors["contact_outcome"] = "required"
    return errors


def _require(errors: dict[str, str]) -> None:
    if errors:
        raise Invalid(errors)
