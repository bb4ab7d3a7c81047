"""What a site promises to the complainant: made, kept with a proof, or agreed anew (rulebook 3.7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.calendars import local_date
from app.domain.contacts import REACHED
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.models import Attachment, Contact, Event, FreeText, Promise, Scan, Ticket
from app.models.ids import new_id
from app.services import acting, clocks, desk, journal, linked, promise_clock, promise_ends
from app.services.desk import Outcome, Post
from app.services.transaction import write

WHAT = ("redelivery", "call_back", "compensation")
PROOFS = ("scan", "photo", "call")
TEXT, WHO = 300, 40
# While a promise is open nobody closes and no time to close runs: it lies no further ahead than the rulebook's longest
# limit, the 60 working days within which a customer is paid, with room for the holidays between.
LONGEST = timedelta(days=100)
MOBILE = re.compile(r"1[3-9][0-9]{9}")


@dataclass(frozen=True)
class PromiseIn:
    """A promise: what (WHAT), by when (UTC), in which words, who keeps it, and the courier's number for a reminder."""

    what: str
    due_at: datetime
    text: str = ""
    who: str = ""
    courier_phone: str = ""


def errors_of(promise: PromiseIn, now: datetime) -> dict[str, str]:
    """Everything wrong with a promise, by field."""
    found = {} if promise.what in WHAT else {"promise_what": "required"}
    if promise.due_at <= now:
        found["promise_due_at"] = "in_the_past"
    elif promise.due_at > now + LONGEST:
        found["promise_due_at"] = "promise_too_far"
    if len(promise.text) > TEXT:
        found["promise_text"] = "too_long"
    if len(promise.who) > WHO:
        found["promise_who"] = "too_long"
    if promise.courier_phone and not MOBILE.fullmatch(promise.courier_phone):
        found["promise_courier"] = "not_a_mobile"
    return found


def record(session: Session, ticket: Ticket, promise: PromiseIn, actor: Actor, now: datetime) -> tuple[Promise, Event]:
    """Write a promise with its entry and its clock; a close clock that runs waits for it. The caller finishes."""
    row = Promise(id=new_id(), ticket_id=ticket.id, what=promise.what, due_at=promise.due_at, made_at=now, state="open")
    session.add(row)
    ticket.open_promises += 1
    typed = {"text": promise.text.strip(), "who": promise.who.strip(), "courier_phone": promise.courier_phone}
    text = {name: value for name, value in typed.items() if value}
    promise_clock.start(session, ticket, row, now)
    data = promise_ends.facts(session, ticket, row) | acting.said(session, ticket, actor)
    event = journal.append(session, ticket, "promise_made", actor=actor, now=now, data=data, text=text)
    row.text_id = event.text_id
    clocks.void(session, ticket, ["close"], now)
    return row, event


def make(*, actor: Actor, post: Post, promise: PromiseIn, now: datetime) -> Outcome:
    """Promise something beside a result. Raises Invalid (promise_what, promise_due_at …), NotFound, NotAllowed."""
    _require(errors_of(promise, now))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "promise", actor)
        _row, event = record(session, ticket, promise, actor, now)
        return desk.finish(session, ticket, event, now, post)


def keep(*, actor: Actor, post: Post, promise_id: int, proof: str, now: datetime) -> Outcome:
    """Mark a promise kept by what proves it: a delivery scan, a picture or a call, each younger than the promise.

    Raises Invalid (proof), NotFound, NotAllowed ("promise_not_open", "promise_over" after its due), Stale.
    """
    _require({} if proof in PROOFS else {"proof": "required"})
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "promise", actor)
        promise = _open(session, ticket, promise_id, now)
        _require({} if _proven(session, ticket, promise, proof) else {"proof": f"no_{proof}_since"})
        event = promise_clock.keep(session, ticket, promise, actor, proof, now, at=now)
        return desk.finish(session, ticket, event, now, post)


def renegotiate(
    *, actor: Actor, post: Post, promise_id: int, due_at: datetime | None, text: str, now: datetime
) -> Outcome:
    """Put another promise in the place of an open one, agreed with the customer on a logged contact of today.

    Raises Invalid (promise_due_at, promise_text), NotFound, NotAllowed ("promise_not_open", "promise_over" after its
    due, "no_contact_today"), Stale.
    """
    if due_at is None:
        raise Invalid({"promise_due_at": "required"})
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "promise", actor)
        old = _open(session, ticket, promise_id, now)
        agreed = _anew(session, old, due_at, text)
        _require(errors_of(agreed, now))
        talks = _reached_at(session, ticket, promise_ends.since(ticket, old))
        if not any(local_date(at) == local_date(now) for at in talks):
            raise NotAllowed("no_contact_today")
        promise_ends.set_aside(session, ticket, old, "renegotiated", now)
        new, _made = record(session, ticket, agreed, actor, now)
        data = {**promise_ends.facts(session, ticket, old), "new_id": new.id, "new_due_at": due_at}
        data |= acting.said(session, ticket, actor)
        event = journal.append(session, ticket, "promise_renegotiated", actor=actor, now=now, data=data)
        return desk.finish(session, ticket, event, now, post)


def _open(session: Session, ticket: Ticket, promise_id: int, now: datetime) -> Promise:
    """An open promise of the ticket. Past its due it is broken, also before the sweep has come by."""
    promise = session.get(Promise, promise_id)
    if promise is None or promise.ticket_id != ticket.id or promise.state != "open":
        raise NotAllowed("promise_not_open")
    if now > promise.due_at:
        raise NotAllowed("promise_over")
    return promise


def _anew(session: Session, old: Promise, due_at: datetime, text: str) -> PromiseIn:
    """The same promise with another due and words; who keeps it stays."""
    row = session.get(FreeText, old.text_id) if old.text_id else None
    body = row.body if row else {}
    return PromiseIn(old.what, due_at, text, str(body.get("who", "")), str(body.get("courier_phone", "")))


def _proven(session: Session, ticket: Ticket, promise: Promise, proof: str) -> bool:
    made = promise_ends.since(ticket, promise)
    if proof == "call":
        return bool(_reached_at(session, ticket, made))
    if proof == "photo":
        picture = select(Attachment.id).where(
            Attachment.ticket_id == ticket.id, Attachment.event_id.is_not(None), Attachment.created_at > made
        )
        return session.scalar(picture.limit(1)) is not None
    scan = select(Scan.id).where(
        Scan.waybill.in_(linked.proving(session, ticket.waybill)),
        Scan.scan_type.in_(("DELIVER", "SIGN")),
        Scan.scanned_at > made,
    )
    return session.scalar(scan.limit(1)) is not None


def _reached_at(session: Session, ticket: Ticket, after: datetime) -> list[datetime]:
    """When the customer was spoken to after an instant; the call in which it was promised proves nothing."""
    statement = select(Contact.started_at).where(
        Contact.ticket_id == ticket.id, Contact.outcome.in_(REACHED), Contact.started_at > after
    )
    return list(session.scalars(statement))


def _require(errors: Mapping[str, str]) -> None:
    if errors:
        raise Invalid(errors)
