"""A new ticket: made, routed, its clocks started, and tied to the ended one that it follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain.exemptions import LATE_ON_ARRIVAL
from app.domain.policies import PLATFORM_URGENT, default_priority, version_in_force
from app.domain.roles import SYSTEM, Actor
from app.domain.waybills import normalise
from app.models import Connection, Event, Inbox, Organisation, Party, Person, PlatformOrder, Ticket
from app.models.dialect import next_number
from app.models.ids import new_id
from app.services import (
    cases,
    categories,
    category_kinds,
    clocks,
    customers,
    deadlines,
    delivery_promise,
    desk,
    inflow,
    journal,
    linked,
    moves,
    policies,
    routing,
    search_index,
    sent_back,
    ticket_contacts,
)
from app.services.platform_pictures import Address
from app.services.routing import NOBODY
from app.services.sent_back import Back
from app.services.ticket_contacts import ContactIn
from app.services.transaction import keep, stored, taken

SHANGHAI = ZoneInfo("Asia/Shanghai")
NUMBER = "ticket number"  # drawn already, for the next ticket of the transaction


@dataclass(frozen=True)
class ComplaintIn:
    """A complaint in our words, whatever channel it came by. Instants are UTC."""

    text: str
    category: str
    waybill: str = ""
    channel: str = "platform"
    complainant_kind: str = "consignee"
    name: str = ""
    phone: str = ""
    address: str = ""
    site_code: str = ""
    platform_priority: int | None = None
    promised_today: bool = False
    contacts: Sequence[ContactIn] = ()  # the people beside the complainant
    pictures: Sequence[Address] = ()  # addresses that a job fetches after the commit
    kind: str = kinds.COMPLAINT
    reporter_id: int | None = None  # the organisation inside the house that asks or reports
    site_id: int | None = None  # the site that must act or answer, as whoever enters it says
    desk_id: int | None = None  # the service desk that answers it itself, a province or headquarters
    promised_by: datetime | None = None  # the parcel's delivery promise, where whoever asks names it
    ordered_at: datetime | None = None  # of an order that waits for its collection


def open_ticket(
    session: Session, complaint: ComplaintIn, *, actor: Actor, now: datetime, rule: str, previous: Ticket | None = None
) -> tuple[Ticket, Event]:
    """Make the ticket as `begin` does, and store it."""
    with session.no_autoflush:  # nothing here reads what it has just written
        found = begin(session, complaint, actor=actor, now=now, rule=rule, previous=previous)
        stored(session)
    return found


def begin(
    session: Session, complaint: ComplaintIn, *, actor: Actor, now: datetime, rule: str, previous: Ticket | None = None
) -> tuple[Ticket, Event]:
    """Make the ticket, keep the complainant apart, route it and start its clocks; whoever calls holds back the flush
    until `desk.finish` stores everything at once.

    `rule` is the routing rule, NOBODY where the platform's time is over: such a ticket is never charged. `previous` is
    the ended ticket on the same parcel that it follows.
    """
    category = _category(session, complaint)
    priority = _priority(complaint, category)
    waybill = normalise(complaint.waybill)[:40]
    local = now.astimezone(SHANGHAI)
    ticket = Ticket(
        id=new_id(), number=f"KF{local:%y%m%d}-{_number(session):06d}", kind=complaint.kind, category=category,
        priority=priority, channel=complaint.channel, complainant_kind=complaint.complainant_kind, state="open",
        queue="tray", waybill=waybill, waybill_reversed=waybill[::-1], opened_at=now, received_at=now, activity_at=now,
        policy_version=version_in_force(policies.rules(session), now), version=0, last_hash="", repeat_count=0,
        urge_count=0, open_promises=0, level=0, overdue=False, previous_id=previous.id if previous else None,
        reporter_id=complaint.reporter_id, delivery_promise="",
    )  # fmt: skip
    ticket.flags = categories.flags_at_intake(session, ticket) + ([LATE_ON_ARRIVAL] if rule == NOBODY else [])
    session.add(ticket)
    keep(session, ("begun", ticket.id), True)
    keep(session, ("clocks", ticket.id), [])
    if ticket.kind == kinds.EXPEDITE:
        ticket.delivery_promise = delivery_promise.when_asked(
            session, ticket, promised_by=complaint.promised_by, ordered_at=complaint.ordered_at, now=now
        )
    event = _describe(session, ticket, complaint, actor, now)
    if ticket.kind in kinds.LEGAL:
        clocks.start(session, ticket, "legal", clocks.limits(session, ticket)["legal"], now)
    _send_on(session, ticket, complaint, rule, now)
    if ticket.reporter_id is not None:  # whoever asks or reports sees it from the beginning
        cases.admit(session, ticket, session.get_one(Organisation, ticket.reporter_id), "reporter", now)
    elif ticket.kind == kinds.INQUIRY:
        _keep_in_sight(session, ticket, actor, now)
    return ticket, event


def _keep_in_sight(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> None:
    """Whoever took a question or praise down finds it again, though another desk answers it: what a customer says on
    the telephone without a waybill lies at headquarters."""
    there = {one.organisation_id for one in session.new if isinstance(one, Party) and one.ticket_id == ticket.id}
    if actor.desk in ("site", "lcs") and actor.organisation_id not in there | {None}:
        cases.admit(session, ticket, session.get_one(Organisation, actor.organisation_id), "entered", now)


def _number(session: Session) -> int:
    """The next number, where none was drawn together with other questions."""
    number = taken(session, NUMBER)
    return next_number(session) if number is None else number


def _send_on(session: Session, ticket: Ticket, complaint: ComplaintIn, rule: str, now: datetime) -> None:
    """To whom whoever enters it names, else by the routing rule."""
    if complaint.site_id is not None:
        reason = "reported" if complaint.reporter_id is not None else "by_hand"
        routing.to_site(session, ticket, complaint.site_id, reason, now)
    elif complaint.desk_id is None:
        routing.route(session, ticket, complaint.site_code, complaint.address, rule, now)
    else:
        routing.to_desk(session, ticket, complaint.desk_id, now)


def senders(complaint: ComplaintIn) -> tuple[list[str], list[str]]:
    """Telephone numbers and names of whoever sent the parcel, as far as the complaint tells."""
    found = [one for one in complaint.contacts if one.role in ("sender", "merchant")]
    phones, names = [one.phone for one in found], [one.name for one in found]
    if complaint.complainant_kind in ("sender", "merchant"):
        phones, names = [*phones, complaint.phone], [*names, complaint.name]
    return phones, names


def _category(session: Session, complaint: ComplaintIn) -> str:
    """The category named, where it is one of the ticket's kind."""

    kind = category_kinds.of(session, complaint.category)
    return complaint.category if kind == complaint.kind else kinds.otherwise(complaint.kind)


def _priority(complaint: ComplaintIn, category: str) -> str:
    """Complaints are urgent or high; the other kinds normal, but for what is marked (rulebook 2)."""
    marked = complaint.promised_today or complaint.platform_priority == PLATFORM_URGENT
    if complaint.kind != kinds.COMPLAINT:
        return "urgent" if marked else "normal"
    return default_priority(
        category, promised_today=complaint.promised_today, platform_priority=complaint.platform_priority
    )


def _describe(session: Session, ticket: Ticket, complaint: ComplaintIn, actor: Actor, now: datetime) -> Event:
    """Who complains, in which words, and whose customer the sender is."""
    person = _person(ticket, complaint)
    session.add(person)
    search_index.tails(session, ticket, phone=person.phone_last4)
    ticket_contacts.keep(session, ticket, complaint.contacts)
    account = customers.recognise(session, ticket, *senders(complaint))
    data = _received(ticket, complaint)
    text = {"text": complaint.text, "waybill": complaint.waybill}
    event = journal.append(session, ticket, "received", actor=actor, now=now, data=data, text=text)
    ticket.headline_id = event.text_id
    if account is not None:
        known = {"account_id": account.id, "code": account.code, "tier": account.tier, "limits": account.limits}
        journal.append(session, ticket, "customer_recognised", actor=SYSTEM, now=now, data=known)
    return event


def _received(ticket: Ticket, complaint: ComplaintIn) -> dict[str, Any]:
    return {
        "category": ticket.category, "priority": ticket.priority, "channel": complaint.channel,
        "raw_category": complaint.category, "flags": ticket.flags, "site_code": complaint.site_code.strip()[:32],
        **({"delivery_promise": ticket.delivery_promise} if ticket.kind == kinds.EXPEDITE else {}),
        **({"kind": ticket.kind} if ticket.kind != kinds.COMPLAINT else {}),
        **({"reporter_id": ticket.reporter_id} if ticket.reporter_id else {}),
        "marked": complaint.promised_today or complaint.platform_priority == PLATFORM_URGENT,
    }  # fmt: skip


def _person(ticket: Ticket, complaint: ComplaintIn) -> Person:
    digits = "".join(ch for ch in normalise(complaint.phone) if ch.isdigit())
    return Person(
        ticket_id=ticket.id, name=complaint.name[:80], phone=complaint.phone[:40], address=complaint.address[:300],
        phone_last4=digits[-4:],
    )  # fmt: skip


def follow_on(
    session: Session, ended: Ticket, order: PlatformOrder, row: Inbox, now: datetime, back: Back | None = None
) -> None:  # fmt: skip
    """A repeat, or an answer sent back, after the re-open window: a new ticket that follows the ended one, unless the
    parcel has another open one by now; the platform's order goes with it."""
    person, site = session.get(Person, ended.id), session.get(Organisation, ended.handling_site_id or 0)
    complaint = ComplaintIn(
        kind=ended.kind, text=row.text, category=ended.category, waybill=ended.waybill,
        complainant_kind=ended.complainant_kind, name=person.name if person else "",
        phone=person.phone if person else "", address=person.address if person else "",
        site_code=site.code if site else "",
    )  # fmt: skip
    rule = session.get_one(Connection, order.connection_id).routing_rule
    ticket = moves.on_parcel(session, linked.numbers(session, ended.waybill), now, ended.kind)[0]
    if ticket is None:
        ticket, event = open_ticket(session, complaint, actor=SYSTEM, now=now, rule=rule, previous=ended)
    else:
        event = moves.repeat(session, ticket, actor=SYSTEM, text=row.text, now=now, channel="platform")
    row.state, order.ticket_id, order.verdict = "applied", ticket.id, ""
    order.answered_at = order.expires_at = None  # the old task's; what the platform grants the new one it did not say
    if back is not None:
        sent_back.renew(order, back)
        deadlines.follow(session, ticket, now)
    journal.append(session, ticket, "order_linked", actor=SYSTEM, now=now, data={"order_code": order.code})
    desk.finish(session, ticket, event, now)
    if event.type == "received":
        inflow.note(session, ticket, now)
