"""Calls to the complainant: the number on record, the duration by the server's clock, one outcome (rulebook 3.8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain import contacts as rule
from app.domain import scripts as script_rule
from app.domain.contacts import CONTACTS, Attempt
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.models import Contact, Event, FreeText, Ticket, entries
from app.models.ids import new_id
from app.models.together import Question, Step
from app.services import acting, desk, journal, pauses, reveals, rounds, scripts
from app.services.desk import Outcome, Post
from app.services.reveals import Shown
from app.services.transaction import taken, write

CALL_LASTS = timedelta(hours=1)  # then a call without an outcome counts as given up


@dataclass(frozen=True)
class Called:
    """A call that is on: its id, since when it runs, and the complainant in full."""

    contact_id: int
    started_at: datetime
    shown: Shown


def start(*, actor: Actor, post: Post, now: datetime) -> Called:
    """Show the number on record and start the timer; pressed again it shows the number again and the timer runs on.

    Raises NotFound, NotAllowed ("no_phone" where there is nobody to call).
    """
    if actor.user_id is None:
        raise NotAllowed("nobody_signed_in")
    with write() as session:
        ticket = desk.take(session, actor, Post(post.number))
        desk.move(ticket, "contact", actor)
        shown = reveals.show(session, ticket, actor, now)
        if not shown.phone:
            raise NotAllowed("no_phone")
        contact = _going_on(session, ticket, actor, now)
        if contact is None:
            contact = Contact(id=new_id(), ticket_id=ticket.id, user_id=actor.user_id, started_at=now, outcome="")
            contact.organisation_id, contact.seconds = actor.organisation_id, 0
            session.add(contact)
        return Called(contact.id, contact.started_at, shown)


def end(
    *, actor: Actor, post: Post, contact_id: int, outcome: str, answers: Mapping[str, str], now: datetime
) -> Outcome:
    """Write down how the call ended, with the answers to the category's script. Whoever was reached ends a waiting.

    Raises Invalid (outcome), NotFound, NotAllowed ("call_not_open").
    """
    if outcome not in CONTACTS:
        raise Invalid({"outcome": "required"})
    with write() as session:
        ticket = desk.take(session, actor, Post(post.number, None, post.key))
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "contact", actor)
        contact = session.get(Contact, contact_id)
        if contact is None or (contact.ticket_id, contact.user_id, contact.outcome) != (ticket.id, actor.user_id, ""):
            raise NotAllowed("call_not_open")
        contact.outcome, contact.ended_at = outcome, now
        contact.seconds = max(0, int((now - contact.started_at).total_seconds()))
        event = _entry(session, ticket, contact, actor, answers, now)
        contact.event_id = event.id
        if outcome in rule.REACHED:
            pauses.end(session, ticket, "contact", now)
        return desk.finish(session, ticket, event, now, post)


def _entry(
    session: Session, ticket: Ticket, contact: Contact, actor: Actor, answers: Mapping[str, str], now: datetime
) -> Event:
    data = {
        "outcome": contact.outcome, "seconds": contact.seconds, "started_at": contact.started_at,
        "contact_id": contact.id, "site_id": ticket.handling_site_id, **acting.said(session, ticket, actor),
    }  # fmt: skip
    questions = scripts.of(session, ticket.category)
    said = script_rule.answered(questions, answers)
    text = {"text": script_rule.spoken(questions, said), "answers": said} if said else None
    return journal.append(session, ticket, "contact", actor=actor, now=now, data=data, text=text)


def within(session: Session, ticket: Ticket, actor: Actor, event: Event, outcome: str, now: datetime) -> None:
    """Count the outcome that a follow-up or result names as an attempt made now."""
    if not outcome or actor.user_id is None:
        return
    session.add(Contact(
        id=new_id(), ticket_id=ticket.id, user_id=actor.user_id, organisation_id=actor.organisation_id, seconds=0,
        started_at=now, ended_at=now, outcome=outcome, event_id=event.id,
    ))  # fmt: skip


def about_result(session: Session, ticket: Ticket, actor: Actor, event: Event, outcome: str, now: datetime) -> None:
    """A call in which the result was spoken of is a logged call: the actor's own that is on ends with it, else one is
    noted as made now."""
    call = _going_on(session, ticket, actor, now)
    if call is None:
        within(session, ticket, actor, event, outcome, now)
        return
    call.outcome, call.ended_at, call.event_id = outcome, now, event.id
    call.seconds = int((now - call.started_at).total_seconds())


def attempts(session: Session, ticket: Ticket) -> list[Attempt]:
    """The attempts of the present round, the first one first."""
    since = rounds.of(session, ticket).since
    return [Attempt(row.started_at, row.outcome) for row in of(session, ticket) if row.started_at >= since]


def findings(session: Session, ticket: Ticket) -> dict[str, str]:
    """What the calls of this round have found out, by the key of the script's question; the last word counts. Of what
    was asked inside the house nothing: no script goes with it."""
    if ticket.reporter_id is not None:
        return {}
    since = rounds.of(session, ticket).since
    found: dict[str, str] = {}
    for at, body in _calls(session, ticket):
        found |= (body.get("answers") or {}) if at >= since else {}
    return found


def _calls(session: Session, ticket: Ticket) -> Iterable[tuple[datetime, dict[str, Any]]]:
    read = taken(session, ("calls", ticket.id))
    if read is not None:
        return cast(list[Any], read)
    calls = select(Event.at, FreeText.body).join(FreeText, FreeText.id == Event.text_id)
    of = calls.where(entries.of_ticket(ticket.id), Event.type == "contact")
    return cast(Iterable[Any], session.execute(of.order_by(Event.seq)))


def of(session: Session, ticket: Ticket) -> list[Contact]:
    """Every attempt that has an outcome."""
    read = taken(session, ("contacts", ticket.id))
    if read is not None:
        return cast(list[Contact], read)
    statement = select(Contact).where(Contact.ticket_id == ticket.id, Contact.outcome != "")
    return list(session.scalars(statement.order_by(Contact.started_at, Contact.id)))


def check(session: Session, ticket: Ticket, outcome: str, code: str, now: datetime) -> None:
    """Whether a result may go out: the customer was reached in this round, was tried often enough, or a code says why
    not. `outcome` is what the form itself says and counts as an attempt made now.

    Raises Invalid (contact_outcome, no_contact_code) with what is missing.
    """
    if code:
        if code not in rule.NO_CONTACT and not (code == rule.FOR_INCIDENTS and ticket.incident_id is not None):
            raise Invalid({"no_contact_code": "required"})
        return
    made = attempts(session, ticket)
    tried = [*made, Attempt(now, outcome)] if outcome else made
    if not tried:
        raise Invalid({"contact_outcome": "required"})
    if not rule.reached(tried) and rule.missing(tried, now):
        left = rule.missing(made, now)
        assert left is not None  # noqa: S101 - fewer attempts are not enough either
        raise Invalid({"contact_outcome": "attempts_missing"}, missing=left.attempts, next_at=left.next_at)


def _going_on(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> Contact | None:
    statement = select(Contact).where(
        Contact.ticket_id == ticket.id, Contact.user_id == actor.user_id, Contact.outcome == "",
        Contact.started_at > now - CALL_LASTS,
    )  # fmt: skip
    return session.scalars(statement.order_by(Contact.id.desc()).limit(1)).one_or_none()


_SEEN = Question(
    select(Contact)
    .where(Contact.ticket_id == bindparam("ticket_id"),
           (Contact.outcome != "") | (Contact.user_id == bindparam("actor_id")))
    .order_by(Contact.started_at, Contact.id)
)  # fmt: skip


def view(ticket: Ticket, actor: Actor) -> Step[list[Contact]]:
    """Every attempt of the ticket and the viewer's own call that is still on; the page's part."""
    if ticket.state in ("closed", "withdrawn"):
        return []
    (found,) = yield (_SEEN(ticket_id=ticket.id, actor_id=actor.user_id),)
    return found
