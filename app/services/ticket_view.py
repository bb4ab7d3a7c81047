"""The read side of one ticket: everything the page shows, in a constant number of statements. Select only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.domain.lifecycle import allowed_actions, unmet
from app.domain.roles import Actor
from app.models import (
    Appeal,
    Attachment,
    Category,
    Clock,
    Connection,
    Courier,
    Event,
    FreeText,
    Organisation,
    Outbox,
    Person,
    PlatformOrder,
    Promise,
    SmsReceipt,
    Ticket,
    User,
)
from app.services import attachments, courier_sms, desk, duty, linked, scans, scope, ticket_parts
from app.services.linked import Linked

SENDS_ELSEWHERE = {"assign_site", "ruled_other_site", "transfer"}
SITES_OFFERED = 400
NAMELESS = frozenset({"audited", "audit_revised"})  # an audit is the desk's: nobody reads who it was


@dataclass(frozen=True)
class Entry:
    """One event with its text and who did it."""

    seq: int
    type: str
    at: datetime
    role: str
    who: str
    organisation: Organisation | None
    data: dict[str, Any]
    text: dict[str, Any]
    event_id: int
    actor_id: int | None = None


@dataclass(frozen=True)
class View:
    """A ticket as its page needs it. `person` is unmasked: the web masks it unless a reveal was logged."""

    ticket: Ticket
    person: Person | None
    category: Category | None
    site: Organisation | None
    owner: str
    entries: list[Entry]
    clocks: list[Clock]
    orders: list[tuple[PlatformOrder, Connection]]
    callbacks: dict[int, list[Outbox]]
    promises: list[tuple[Promise, dict[str, Any]]]
    appeal: Appeal | None
    actions: tuple[str, ...]
    trace: list[Any]
    links: list[Linked]
    others: list[Ticket] = field(default_factory=list)
    sites: list[Organisation] = field(default_factory=list)
    messages: dict[int, tuple[Outbox, SmsReceipt | None]] = field(default_factory=dict)  # SMS to couriers
    couriers: list[Courier] = field(default_factory=list)
    against_close: tuple[str, ...] = ()  # conditions that the site's closing still waits for
    pictures: list[Attachment] = field(default_factory=list)  # posted ones, and the viewer's own that wait
    parts: dict[str, Any] = field(default_factory=dict)  # what the parts of the rulebook add, by their names


def view(session: Session, actor: Actor, number: str) -> View:
    """The ticket in the actor's scope with all that belongs to it. Raises NotFound."""
    ticket = scope.load(session, actor, number)
    entries, facts = _entries(session, ticket), desk.facts_of(ticket)
    actions = allowed_actions(facts, actor)
    links = linked.of(session, ticket.waybill)
    parcel = [ticket.waybill, *(link.waybill for link in links)] if ticket.waybill else []
    owner = session.get(User, ticket.owner_id) if ticket.owner_id else None
    return View(
        ticket=ticket, person=session.get(Person, ticket.id), category=session.get(Category, ticket.category),
        site=session.get(Organisation, ticket.handling_site_id) if ticket.handling_site_id else None,
        owner=owner.name if owner else "", entries=entries,
        clocks=list(session.scalars(select(Clock).where(Clock.ticket_id == ticket.id).order_by(Clock.id))),
        orders=_orders(session, ticket), callbacks=_callbacks(session, ticket), promises=_promises(session, ticket),
        appeal=_appeal(session, ticket), actions=actions,
        trace=scans.trace(session, *parcel) if parcel else [], links=links,
        others=_others(session, actor, ticket, parcel),
        sites=_sites(session, ticket, entries) if SENDS_ELSEWHERE & set(actions) else [],
        messages=courier_sms.messages(session, [e.data["outbox_id"] for e in entries if e.type == "courier_sms"]),
        couriers=duty.couriers(session, ticket.handling_site_id) if "courier_sms" in actions else [],
        against_close=unmet("close", facts, actor),
        pictures=attachments.of_ticket(session, actor, ticket), parts=ticket_parts.load(session, ticket, actor),
    )  # fmt: skip


def category_of(session: Session, actor: Actor, number: str) -> str:
    """The category of a ticket in the actor's scope. Raises NotFound."""
    return scope.load(session, actor, number).category


def _entries(session: Session, ticket: Ticket) -> list[Entry]:
    person, place = aliased(User), aliased(Organisation)
    statement = (
        select(Event, FreeText.body, person.name, place)
        .outerjoin(FreeText, FreeText.id == Event.text_id)
        .outerjoin(person, person.id == Event.actor_id)
        .outerjoin(place, place.id == Event.organisation_id)
        .where(Event.ticket_id == ticket.id)
        .order_by(Event.seq)
    )
    return [
        Entry(event.seq, event.type, event.at, event.actor_role, "" if event.type in NAMELESS else who or "", place_row,
              event.data, body or {}, event.id, event.actor_id)
        for event, body, who, place_row in session.execute(statement)
    ]  # fmt: skip


def _orders(session: Session, ticket: Ticket) -> list[tuple[PlatformOrder, Connection]]:
    statement = select(PlatformOrder, Connection).join(Connection, Connection.id == PlatformOrder.connection_id)
    rows = session.execute(statement.where(PlatformOrder.ticket_id == ticket.id).order_by(PlatformOrder.id))
    return [(order, connection) for order, connection in rows]


def _callbacks(session: Session, ticket: Ticket) -> dict[int, list[Outbox]]:
    """The callbacks of each event, by the event's id."""
    found: dict[int, list[Outbox]] = {}
    statement = select(Outbox).where(Outbox.ticket_id == ticket.id, Outbox.kind == "callback").order_by(Outbox.id)
    for row in session.scalars(statement):
        found.setdefault(row.payload["event_id"], []).append(row)
    return found


def _promises(session: Session, ticket: Ticket) -> list[tuple[Promise, dict[str, Any]]]:
    statement = select(Promise, FreeText.body).outerjoin(FreeText, FreeText.id == Promise.text_id)
    rows = session.execute(statement.where(Promise.ticket_id == ticket.id).order_by(Promise.due_at))
    return [(promise, body or {}) for promise, body in rows]


def _appeal(session: Session, ticket: Ticket) -> Appeal | None:
    statement = select(Appeal).where(Appeal.ticket_id == ticket.id, Appeal.ruling == "").order_by(Appeal.id.desc())
    return session.scalars(statement.limit(1)).one_or_none()


def _others(session: Session, actor: Actor, ticket: Ticket, parcel: list[str]) -> list[Ticket]:
    if not parcel:
        return []
    same = Ticket.waybill.in_(parcel)
    statement = select(Ticket).where(same, Ticket.id != ticket.id, scope.visible_to(actor)).order_by(Ticket.id.desc())
    return list(session.scalars(statement.limit(10)))


def _sites(session: Session, ticket: Ticket, entries: list[Entry]) -> list[Organisation]:
    """The sites that may take the ticket: those that routing found likely first, then the others of its province."""
    likely: list[int] = next((e.data.get("candidates", []) for e in reversed(entries) if e.type == "in_tray"), [])
    place = Organisation.province_id == ticket.province_id if ticket.province_id else Organisation.id.in_(likely)
    statement = select(Organisation).where(Organisation.kind == "site", place).order_by(Organisation.code)
    found = session.scalars(statement.limit(SITES_OFFERED)).all()
    return sorted(found, key=lambda site: likely.index(site.id) if site.id in likely else len(likely))
