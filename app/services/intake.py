"""Complaints coming in: platform issues, later platform messages, and manual entry, all through one door.

A platform is told success only after these functions have returned: by then everything is committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain.errors import DomainError, Invalid
from app.domain.platform_messages import REPEAT, RETREAT
from app.domain.roles import SYSTEM, Actor
from app.models import Connection, Event, Inbox, PlatformOrder, PushKey, Ticket
from app.models.dialect import lock_key
from app.models.dialect_rows import insert_new
from app.models.ids import new_id
from app.services import (
    connections,
    deadlines,
    desk,
    inflow,
    intake_reads,
    journal,
    linked,
    moves,
    platform_pictures,
    typed_forms,
    waybill_told,
)
from app.services.by_hand import manual_errors as manual_errors
from app.services.by_hand import meant
from app.services.opening import ComplaintIn as ComplaintIn
from app.services.opening import begin, follow_on, open_ticket
from app.services.routing import NOBODY
from app.services.sent_back import Back as Back
from app.services.transaction import stored, write

ISSUE = "WORK_ORDER_ISSUE"
COLLECTION = "ORDER"  # the category of what waits for its collection: the site of origin answers


class Conflict(DomainError):
    """The same idempotency key came with another body; both digests are kept."""


AHEAD = timedelta(minutes=10)  # by which a platform's clock may be before ours


@dataclass(frozen=True)
class Arrival:
    """The outer facts of a signed message: its connection, type, exact body and arrival (UTC).

    `state` marks one that tells how an order stands now: known with another body, it was told before and is no
    conflict.
    """

    connection_id: int
    msg_type: str
    body: bytes
    at: datetime
    state: bool = False


@dataclass(frozen=True)
class OrderIn:
    """A platform's work order: its code, task, allowed answers as sent, and its own absolute deadline (UTC)."""

    code: str
    task_id: str
    order_type: str = "complaint"
    answers: Sequence[Any] = ()
    expires_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


def quarantine(*, arrival: Arrival, error: str) -> None:
    """Keep a signed but unreadable message aside for an administrator, once however often it is sent again."""
    with write() as session:
        _set_aside(session, arrival, "", "", None, "quarantined", error)


def issue(*, arrival: Arrival, order: OrderIn, complaint: ComplaintIn) -> str:
    """Take a work order; the ticket's number. Again with the same body: the same number, nothing new; one whose state
    is read again may name a waybill that it did not have.

    Raises Conflict when the key is known with another body.
    """
    with write() as session:
        lock_key(session, f"order:{arrival.connection_id}:{order.code}")
        if not first_time(session, arrival, order.code, "", None):
            known = _order(session, arrival.connection_id, order.code)
            if known is not None and arrival.state:
                rule = session.get_one(Connection, arrival.connection_id).routing_rule
                waybill_told.fill_in(session, known.ticket_id, complaint, rule, arrival.at)
            return session.get_one(Ticket, known.ticket_id).number if known else ""
        beside = partial(intake_reads.of_order, arrival.connection_id, order.code)
        parcel, found = intake_reads.locked(session, complaint, arrival.at, beside)
        ticket, taken = _place_issue(session, arrival, order, complaint, parcel, found)
        if found["waiting"]:
            moves.apply_waiting(session, ticket, taken, arrival.at)
        return ticket.number


def follow_up(
    *, arrival: Arrival, order_code: str, event_id: str, event_at: datetime | None, text: str, back: Back | None = None
) -> None:  # fmt: skip
    """Take a later message (urge, repeat, sent back, reject, satisfied, cancel); before its issue it waits.

    `back` comes with an answer that was sent back. Raises Conflict.
    """
    key = event_id or hashlib.sha256(arrival.body).hexdigest()
    with write() as session:
        lock_key(session, f"order:{arrival.connection_id}:{order_code}")
        if not first_time(session, arrival, order_code, key, _happened(event_at, arrival.at)):
            return
        order = _order(session, arrival.connection_id, order_code)
        row = session.scalars(
            select(Inbox).where(Inbox.connection_id == arrival.connection_id, Inbox.order_code == order_code,
                                Inbox.msg_type == arrival.msg_type, Inbox.event_key == key, Inbox.state == "waiting")
        ).one()  # fmt: skip
        row.text = text
        if order is None:
            return
        if moves.kind_of(arrival.msg_type) in (REPEAT, RETREAT):  # parcels are locked before their tickets
            linked.lock(session, session.get_one(Ticket, order.ticket_id).waybill)
        ticket = moves.locked_ticket(session, order.ticket_id)
        if moves.outlives(session, ticket, order, row, arrival.at):
            follow_on(session, ticket, order, row, arrival.at, back)
        else:
            moves.apply(session, ticket, order, row, arrival.at, back)


def manual(*, actor: Actor, complaint: ComplaintIn, key: str, now: datetime, site: str = "") -> str:
    """Enter a ticket by hand (telephone, WeChat, letter …); its number. `site` is the code or the full name of the one
    that a question or praise is meant for: it goes there, wherever the parcel was.

    Raises Invalid, for the site `no_such_site` or `closed_site`, and Stale where `key` was used for another form.
    """
    if errors := manual_errors(complaint):
        raise Invalid(errors)
    with write() as session:
        form = _ByHand(complaint, site)
        if before := typed_forms.done_before(session, actor, key, form):
            return number_of(session, before)
        if complaint.kind == kinds.INQUIRY and site.strip():
            complaint = replace(complaint, site_id=meant(session, site, now))
        desk.drop_page_draft(session, actor, f"new-{complaint.kind}")
        ticket = place(session, complaint, actor=actor, key=key, now=now)
        typed_forms.remember(session, actor, key, form, ticket, now)
        return ticket.number


@dataclass(frozen=True)
class _ByHand:
    """All that was typed into the form of a new ticket."""

    complaint: ComplaintIn
    site: str


def number_of(session: Session, before: desk.Outcome) -> str:
    """The number of the ticket that a form or message made when it came the first time."""
    return session.get_one(Ticket, session.get_one(Event, before.event_id).ticket_id).number


def place(session: Session, complaint: ComplaintIn, *, actor: Actor, key: str, now: datetime) -> Ticket:
    """A new ticket, or a red entry on the one that stands for this parcel; `key` remembers it. The caller commits."""
    parcel, found = intake_reads.locked(session, complaint, now)
    ticket, before_it = _on_parcel(session, complaint, parcel, now, standing=found["standing"])
    if ticket is not None:
        event = moves.repeat(session, ticket, actor=actor, text=complaint.text, now=now, channel=complaint.channel)
    else:
        rule = "origin" if complaint.category == COLLECTION else "delivery"
        ticket, event = open_ticket(session, complaint, actor=actor, now=now, rule=rule, previous=before_it)
    desk.finish(session, ticket, event, now, desk.Post(ticket.number, None, key))
    count(session, ticket, event, now)
    return ticket


def _on_parcel(
    session: Session, complaint: ComplaintIn, parcel: list[str], now: datetime, *, standing: bool
) -> tuple[Ticket | None, Ticket | None]:
    return moves.on_parcel(session, parcel, now, complaint.kind) if standing else (None, None)


def count(session: Session, ticket: Ticket, event: Event, now: datetime) -> None:
    """Count it among those that came in, unless it was there before."""
    if event.type == "received":
        inflow.note(session, ticket, now)


def _happened(said: datetime | None, arrived: datetime) -> datetime:
    """When a message's matter happened: as it says, but a clock that runs ahead never puts it before all that is still
    to come."""
    return said if said is not None and said <= arrived + AHEAD else arrived


def first_time(session: Session, arrival: Arrival, code: str, key: str, event_at: datetime | None) -> bool:
    """Book the idempotency key; what has an event key waits to be applied. False: known with the same body.

    Raises Conflict after keeping both digests.
    """
    digest = hashlib.sha256(arrival.body).hexdigest()
    values = {
        "connection_id": arrival.connection_id, "msg_type": arrival.msg_type, "order_code": code, "event_key": key,
    }  # fmt: skip
    if insert_new(session, PushKey, {**values, "sha256": digest}):
        state = "waiting" if key else "applied"
        session.add(_inbox(arrival, code, key, event_at, state, ""))
        if key:  # whoever applies what waits finds it there; an order is stored with what it makes
            stored(session)
        return True
    kept = session.get_one(PushKey, (arrival.connection_id, arrival.msg_type, code, key))
    if kept.sha256 != digest and not arrival.state:
        _set_aside(session, arrival, code, key, event_at, "conflict", f"first body had {kept.sha256}")
        session.commit()
        raise Conflict("same_key_other_body", first=kept.sha256, now=digest)
    if not arrival.state:
        kept.copies = PushKey.copies + 1
    return False


def _set_aside(
    session: Session, arrival: Arrival, code: str, key: str, event_at: datetime | None, state: str, error: str
) -> None:
    """Keep the message once: a platform repeats what was refused until it gives up, and its bodies are large."""
    row = _inbox(arrival, code, key, event_at, state, error)
    lock_key(session, f"aside:{row.connection_id}:{row.sha256}")
    same = select(Inbox.id).where(
        Inbox.connection_id == row.connection_id, Inbox.order_code == row.order_code, Inbox.event_key == key,
        Inbox.msg_type == row.msg_type, Inbox.state == state, Inbox.sha256 == row.sha256,
    )  # fmt: skip
    if session.scalar(same.limit(1)) is None:
        session.add(row)


def _inbox(arrival: Arrival, code: str, key: str, event_at: datetime | None, state: str, error: str) -> Inbox:
    return Inbox(
        id=new_id(), connection_id=arrival.connection_id, msg_type=arrival.msg_type[:40], order_code=code,
        event_key=key, event_at=event_at, received_at=arrival.at, sha256=hashlib.sha256(arrival.body).hexdigest(),
        body=arrival.body, state=state, error=error[:120],
    )  # fmt: skip


def _order(session: Session, connection_id: int, code: str) -> PlatformOrder | None:
    statement = select(PlatformOrder).where(PlatformOrder.connection_id == connection_id, PlatformOrder.code == code)
    return session.scalars(statement).one_or_none()


def _place_issue(
    session: Session, arrival: Arrival, order: OrderIn, complaint: ComplaintIn, parcel: list[str],
    found: Mapping[str, Any],
) -> tuple[Ticket, PlatformOrder]:  # fmt: skip
    """A new ticket, or a red entry on the one that already stands for this waybill (rulebook 3.12)."""
    ticket, before_it = _on_parcel(session, complaint, parcel, arrival.at, standing=found["standing"])
    if ticket is not None:
        event = moves.repeat(session, ticket, actor=SYSTEM, text=complaint.text, now=arrival.at, channel="platform")
        return ticket, _with_order(session, ticket, event, arrival, order, complaint)
    late = order.expires_at is not None and order.expires_at <= arrival.at
    rule = NOBODY if late else found["rule"][0]
    with session.no_autoflush:  # nothing here reads what it has just written: all of it is stored at once
        ticket, event = begin(session, complaint, actor=SYSTEM, now=arrival.at, rule=rule, previous=before_it)
        return ticket, _with_order(session, ticket, event, arrival, order, complaint)


def _with_order(
    session: Session, ticket: Ticket, event: Event, arrival: Arrival, order: OrderIn, complaint: ComplaintIn
) -> PlatformOrder:
    taken = _add_order(session, ticket, arrival, order)
    connections.note_unmapped(session, arrival.connection_id, complaint.category)
    platform_pictures.expect(session, ticket, event, complaint.pictures, arrival.at)
    desk.finish(session, ticket, event, arrival.at)
    count(session, ticket, event, arrival.at)
    return taken


def _add_order(session: Session, ticket: Ticket, arrival: Arrival, order: OrderIn) -> PlatformOrder:
    taken = PlatformOrder(
        id=new_id(), connection_id=arrival.connection_id, code=order.code, ticket_id=ticket.id, task_id=order.task_id,
        order_type=order.order_type, answers=list(order.answers), issued_at=arrival.at, expires_at=order.expires_at,
    )  # fmt: skip
    session.add(taken)
    data = {"order_code": order.code, "connection_id": arrival.connection_id, "expires_at": order.expires_at}
    journal.append(session, ticket, "order_linked", actor=SYSTEM, now=arrival.at, data=data)
    deadlines.follow(session, ticket, arrival.at)
    return taken
