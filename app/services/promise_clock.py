"""A promise in time: the reminder an hour before, the breach, and the scan that keeps it (rulebook 3.7)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import lifecycle
from app.domain.clocks import Limit
from app.domain.contacts import REACHED
from app.domain.roles import SYSTEM, Actor
from app.models import Clock, Contact, Event, FreeText, Promise, Scan, Ticket
from app.services import (
    acting,
    clocks,
    courier_sms,
    desk,
    journal,
    linked,
    moves,
    pauses,
    promise_ends,
    reminders,
    settling,
)
from app.services.transaction import write

KEEPING = {"redelivery": ("DELIVER", "SIGN")}  # the scans after which such a promise is kept
CALL_BACK = "call_back"
LCS_LEVEL = 1
CHUNK = 200


def start(session: Session, ticket: Ticket, promise: Promise, now: datetime) -> None:
    """Start the promise's own clock, booked to whoever is assessed for the ticket's work."""
    minutes = max(0, int((promise.due_at - now).total_seconds() // 60))
    limit, own = Limit(minutes, "always"), clocks.assessed_id(session, ticket)
    clock = clocks.start(session, ticket, "promise", limit, now, due=promise.due_at, organisation_id=own)
    promise.clock_id = clock.id


def advance(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> Event | None:
    """What the sweep does when a promise's next instant has come; the entry that tells of it."""
    promise = session.scalars(select(Promise).where(Promise.clock_id == clock.id)).one()
    if promise.state != "open":
        clock.next_stage_at = None
        return None
    if now < clock.due_at:
        clock.stage, clock.next_stage_at = 1, clock.due_at
        reminders.note(session, ticket, clock, "hour", now)
        tell_courier(session, ticket, promise, now)
        return None
    for proof, find in (("scan", _keeping_scan), ("call", _keeping_call)):
        at = find(session, ticket, promise)
        if at is not None:
            return keep(session, ticket, promise, SYSTEM, proof, now, at=at)
    return _break(session, ticket, promise, clock, now)


def tell_courier(session: Session, ticket: Ticket, promise: Promise, now: datetime) -> None:
    """The SMS to the courier, when a number was given with the promise."""
    row = session.get(FreeText, promise.text_id) if promise.text_id else None
    phone = str(row.body.get("courier_phone", "")) if row else ""
    if phone:
        courier_sms.remind(session, ticket, promise, phone, now)


def keep(
    session: Session, ticket: Ticket, promise: Promise, actor: Actor, proof: str, now: datetime, *, at: datetime
) -> Event:
    """Settle an open promise as kept at the instant `at`; the last one lets the close clock run. The caller finishes
    the change.

    Who keeps it by a call in the site's place serves the complainant as with a reply (rulebook 3.11); a scan or a
    picture proves what the site's own people did, whoever writes it down.
    """
    counting = ["promise"] if proof == "call" else []
    promise.state, promise.proof, promise.settled_at = "kept", proof, at
    ticket.open_promises -= 1
    data = {**promise_ends.facts(session, ticket, promise), "outcome": "kept", "proof": proof, "kept_at": at}
    data |= acting.said(session, ticket, actor, counting)
    event = journal.append(session, ticket, "promise_settled", actor=actor, now=now, data=data)
    clock = session.get(Clock, promise.clock_id) if promise.clock_id else None
    if clock is not None:
        credited = not counting or acting.credited(ticket, actor, clock)
        clocks.stop_run(session, ticket, clock, at, credited=credited)
    settling.start_close(session, ticket, now)
    return event


def kept_by_scans(waybills: Collection[str], now: datetime) -> int:
    """Keep the promises that new scans prove, of complaints on any number of these parcels; how many. One short
    transaction each."""
    kept, asked = 0, sorted(waybills)
    for start_at in range(0, len(asked), CHUNK):
        for promise_id in _open_on(asked[start_at : start_at + CHUNK]):
            with write() as session:
                kept += _keep_if_scanned(session, promise_id, now)
    return kept


def _open_on(waybills: Collection[str]) -> list[int]:
    with write() as session:
        statement = select(Promise.id).join(Ticket, Ticket.id == Promise.ticket_id)
        open_ones = statement.where(Promise.state == "open", Promise.what.in_(KEEPING))
        parcels = linked.reach(session, waybills)
        return list(session.scalars(open_ones.where(Ticket.waybill.in_(parcels)).order_by(Promise.id)))


def _keep_if_scanned(session: Session, promise_id: int, now: datetime) -> int:
    promise = session.get_one(Promise, promise_id)
    ticket = moves.locked_ticket(session, promise.ticket_id)
    session.refresh(promise)
    scan = _keeping_scan(session, ticket, promise) if promise.state == "open" else None
    if scan is None:
        return 0
    event = keep(session, ticket, promise, SYSTEM, "scan", now, at=scan)
    desk.finish(session, ticket, event, now)
    return 1


def _keeping_scan(session: Session, ticket: Ticket, promise: Promise) -> datetime | None:
    """The first scan of the parcel, under any of its proving numbers, after the promise and not after its due."""
    if not ticket.waybill or promise.what not in KEEPING:
        return None
    statement = select(Scan.scanned_at).where(
        Scan.waybill.in_(linked.proving(session, ticket.waybill)), Scan.scan_type.in_(KEEPING[promise.what]),
        Scan.scanned_at > promise_ends.since(ticket, promise), Scan.scanned_at <= promise.due_at,
    )  # fmt: skip
    return session.scalar(statement.order_by(Scan.scanned_at).limit(1))


def _keeping_call(session: Session, ticket: Ticket, promise: Promise) -> datetime | None:
    """The first call of whoever promised to call back that reached the complainant, after the promise and not after
    its due: nobody breaks a promise by not pressing a button."""
    clock = session.get(Clock, promise.clock_id) if promise.clock_id else None
    if promise.what != CALL_BACK or clock is None:
        return None
    statement = select(Contact.started_at).where(
        Contact.ticket_id == ticket.id, Contact.organisation_id == clock.organisation_id, Contact.outcome.in_(REACHED),
        Contact.started_at > promise_ends.since(ticket, promise), Contact.started_at <= promise.due_at,
    )  # fmt: skip
    return session.scalar(statement.order_by(Contact.started_at).limit(1))


def _break(session: Session, ticket: Ticket, promise: Promise, clock: Clock, now: datetime) -> Event:
    """Back to work on top of the queue with 12 h, and the LCS is rung. What is at work already keeps the time that it
    has; with CCS the ruling decides."""
    promise.state, promise.settled_at = "broken", now
    ticket.open_promises -= 1
    pauses.end(session, ticket, "moved", now)  # nobody waits for a customer who was let down
    clock.state, clock.breached_at, clock.stopped_at, clock.next_stage_at = "breached", clock.due_at, now, None
    data = {**promise_ends.facts(session, ticket, promise), "run": clock.run}
    event = journal.append(session, ticket, "promise_broken", actor=SYSTEM, now=now, data=data)
    if desk.may(ticket, SYSTEM, "promise_broken"):
        clocks.void(session, ticket, settling.UNTIL_THE_END, now)
        desk.move(ticket, "promise_broken", SYSTEM)
        clocks.start_rework(session, ticket, now)
    if ticket.state in lifecycle.OPEN_STATES:
        ticket.level = max(ticket.level, LCS_LEVEL)
        ticket.flags = sorted({*(ticket.flags or []), lifecycle.PROMISE_BROKEN})
    reminders.note(session, ticket, clock, "breach", now)
    return event
