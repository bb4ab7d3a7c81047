"""The read side of one ticket: everything the page shows, in a constant number of statements. Select only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.lifecycle import allowed_actions, concerned, unmet
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
    entries,
    together,
)
from app.models.among import among
from app.models.together import Asked, Question, Step
from app.services import (
    archived_ticket,
    attachments,
    courier_sms,
    desk,
    duty,
    linked,
    scans,
    scope,
    templates,
    ticket_parts,
)
from app.services.archived_ticket import NAMELESS as NAMELESS
from app.services.archived_ticket import Entry as Entry
from app.services.linked import Linked

SENDS_ELSEWHERE = {"assign_site", "ruled_other_site", "transfer"}
WRITTEN = {"result", "follow_up", "follow_up_replied"}  # what templates are offered for
SITES_OFFERED = 400


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
    others: list[Any] = field(default_factory=list)
    sites: list[Organisation] = field(default_factory=list)
    messages: dict[int, tuple[Outbox, SmsReceipt | None]] = field(default_factory=dict)  # SMS to couriers
    couriers: list[Courier] = field(default_factory=list)
    against_close: tuple[str, ...] = ()  # conditions that the site's closing still waits for
    pictures: list[Attachment] = field(default_factory=list)  # posted ones, and the viewer's own that wait
    parts: dict[str, Any] = field(default_factory=dict)  # what the parts of the rulebook add, by their names
    concerned: bool = True  # else the viewer's site had it once, and is shown nobody in full


@dataclass(frozen=True)
class Answerable:
    """As much of a ticket as the form of its answer asks for."""

    ticket: Ticket
    orders: list[tuple[PlatformOrder, Connection]]


def answerable(session: Session, actor: Actor, number: str) -> Answerable:
    """The ticket in the actor's scope with its platform orders, for whoever binds an answer. Raises NotFound."""
    found = together.run(session, {"ticket": scope.reading(actor, number), "orders": _orders_of(number)})
    return Answerable(**found)


def _orders_of(number: str) -> Step[list[tuple[PlatformOrder, Connection]]]:
    (found,) = yield (_ORDERS_OF_NUMBER(numbered=number),)
    return found


def view(session: Session, actor: Actor, number: str) -> View:
    """The ticket in the actor's scope with all that belongs to it. Raises NotFound."""
    return together.told(session, viewing(session, actor, number))


def viewing(session: Session, actor: Actor, number: str) -> Step[View]:
    """The same as a step, for a page that asks for something else as well."""
    ticket = yield from scope.reading(actor, number)
    facts = desk.facts_of(ticket)
    actions = () if ticket.archived_at else allowed_actions(facts, actor)  # it is to be read
    parts = ticket_parts.steps(ticket, actor)
    found = yield from together.joined({**_steps(ticket, actor, actions), **parts})
    entries, links = found["entries"], found["links"]
    if links:  # most parcels have one number, and need not be asked for again
        numbers = [ticket.waybill, *(link.waybill for link in links)]
        found |= yield from together.joined(_parcel(ticket, actor, numbers))
    if ticket.archived_at is not None:
        found |= archived_ticket.read(session, ticket)
        entries = found["entries"]
        found["returns"] = archived_ticket.with_proofs(found["returns"], entries)
    sites = _sites(session, ticket, entries, found["sites"]) if SENDS_ELSEWHERE & set(actions) else []
    return View(
        ticket=ticket, person=found["person"], category=found["category"], site=found["site"],
        owner=found["owner"] or "", entries=entries, clocks=found["clocks"], orders=found["orders"],
        callbacks=found["callbacks"], promises=found["promises"], appeal=found["appeal"], actions=actions,
        trace=found["trace"], links=links, others=found["others"], sites=sites,
        messages=courier_sms.messages(session, [e.data["outbox_id"] for e in entries if e.type == "courier_sms"]),
        couriers=found["couriers"], against_close=unmet("close", facts, actor), pictures=found["pictures"],
        parts={name: found[name] for name in (*parts, "templates")}, concerned=concerned(actor, facts),
    )  # fmt: skip


def category_of(session: Session, actor: Actor, number: str) -> str:
    """The category of a ticket in the actor's scope. Raises NotFound."""
    return scope.load(session, actor, number).category


# --- what is asked, all at the same time ---

_OF: Any = bindparam("ticket_id")
_EVENTS = Question(
    select(Event.seq, Event.type, Event.at, Event.actor_role, Event.data, Event.id, Event.actor_id,
           Event.organisation_id, FreeText.body)
    .outerjoin(FreeText, FreeText.id == Event.text_id)
    .where(entries.of_ticket(_OF))
    .order_by(Event.seq)
)  # fmt: skip
# who and where come once, however many entries they have
_PEOPLE = Question(select(User.id, User.name).where(User.id.in_(select(Event.actor_id).where(entries.of_ticket(_OF)))))
_PLACES = Question(
    select(Organisation).where(Organisation.id.in_(select(Event.organisation_id).where(entries.of_ticket(_OF))))
)
_PERSON = Question(select(Person).where(Person.ticket_id == _OF))
_CATEGORY = Question(select(Category).where(Category.code == bindparam("category")))
_SITE = Question(select(Organisation).where(Organisation.id == bindparam("site_id")))
_OWNER = Question(select(User.name).where(User.id == bindparam("owner_id")))
_CLOCKS = Question(select(Clock).where(Clock.ticket_id == _OF).order_by(Clock.id))
_EVERY_ORDER = (
    select(PlatformOrder, Connection)
    .join(Connection, Connection.id == PlatformOrder.connection_id)
    .order_by(PlatformOrder.id)
)
_ORDERS = Question(_EVERY_ORDER.where(PlatformOrder.ticket_id == _OF))
_NUMBERED = select(Ticket.id).where(Ticket.number == bindparam("numbered")).scalar_subquery()
_ORDERS_OF_NUMBER = Question(_EVERY_ORDER.where(PlatformOrder.ticket_id == _NUMBERED))
_CALLBACKS = Question(select(Outbox).where(Outbox.ticket_id == _OF, Outbox.kind == "callback").order_by(Outbox.id))
_PROMISES = Question(
    select(Promise, FreeText.body)
    .outerjoin(FreeText, FreeText.id == Promise.text_id)
    .where(Promise.ticket_id == _OF)
    .order_by(Promise.due_at)
)
_APPEAL = Question(
    select(Appeal).where(Appeal.ticket_id == _OF, Appeal.ruling == "").order_by(Appeal.id.desc()).limit(1)
)
_SITES = Question(
    select(Organisation)
    .where(Organisation.kind == "site", Organisation.province_id == bindparam("province_id"))
    .order_by(Organisation.code)
    .limit(SITES_OFFERED)
)


def _steps(ticket: Ticket, actor: Actor, actions: Collection[str]) -> dict[str, Any]:
    of, sends = {"ticket_id": ticket.id}, bool(SENDS_ELSEWHERE & set(actions) and ticket.province_id)
    return {
        "entries": _entries(ticket), "callbacks": _callbacks(ticket), "links": linked.asking(ticket.waybill),
        **_parcel(ticket, actor, [ticket.waybill]), "person": _one(_PERSON(**of)),
        "category": _one(_CATEGORY(category=ticket.category)),
        "site": _one(_SITE(site_id=ticket.handling_site_id)) if ticket.handling_site_id else None,
        "owner": _one(_OWNER(owner_id=ticket.owner_id)) if ticket.owner_id else "",
        "clocks": _all(_CLOCKS(**of)), "orders": _all(_ORDERS(**of)), "promises": _promises(ticket),
        "appeal": _one(_APPEAL(**of)), "pictures": _all(attachments.seen(actor, ticket)),
        "couriers": _all(duty.COURIERS(site_id=ticket.handling_site_id)) if "courier_sms" in actions else [],
        "templates": _all(templates.known_asked(actor)) if WRITTEN & set(actions) else [],
        "sites": _all(_SITES(province_id=ticket.province_id)) if sends else None,
    }  # fmt: skip


def _one(asked: Asked) -> Step[Any]:
    (rows,) = yield (asked,)
    return next(iter(rows), None)


def _all(asked: Asked) -> Step[list[Any]]:
    (rows,) = yield (asked,)
    return rows


def _entries(ticket: Ticket) -> Step[list[Entry]]:
    rows, people, places = yield tuple(question(ticket_id=ticket.id) for question in (_EVENTS, _PEOPLE, _PLACES))
    who, where = dict(people), {place.id: place for place in places}
    return [
        Entry(
            seq, kind, at, role, "" if kind in NAMELESS else who.get(actor_id, ""), where.get(place_id), data,
            body or {}, event_id, actor_id,
        )
        for seq, kind, at, role, data, event_id, actor_id, place_id, body in rows
    ]  # fmt: skip


def _callbacks(ticket: Ticket) -> Step[dict[int, list[Outbox]]]:
    """The callbacks of each event, by the event's id."""
    found: dict[int, list[Outbox]] = {}
    (rows,) = yield (_CALLBACKS(ticket_id=ticket.id),)
    for row in rows:
        found.setdefault(row.payload["event_id"], []).append(row)
    return found


def _promises(ticket: Ticket) -> Step[list[tuple[Promise, dict[str, Any]]]]:
    (rows,) = yield (_PROMISES(ticket_id=ticket.id),)
    return [(promise, body or {}) for promise, body in rows]


@cache
def _others(pattern: Actor) -> Question:
    same = (among(Ticket.waybill, "parcel"), Ticket.id != _OF)
    columns = select(Ticket.id, Ticket.number, Ticket.state, Ticket.previous_id)
    return Question(columns.where(*same, scope.visible_to(pattern)).order_by(Ticket.id.desc()).limit(10))


def _parcel(ticket: Ticket, actor: Actor, numbers: list[str]) -> dict[str, Any]:
    """The trace of the parcel and its other tickets, under these numbers of it."""
    if not ticket.waybill:
        return {"trace": [], "others": []}
    others = _others(scope.pattern(actor))(ticket_id=ticket.id, parcel=numbers, **scope.ids(actor))
    return {"trace": scans.asking(numbers), "others": _all(others)}


def _sites(session: Session, ticket: Ticket, entries: list[Entry], found: list[Any] | None) -> list[Any]:
    """The sites that may take the ticket: those that routing found likely first, then the others of its province."""
    likely: list[int] = next((e.data.get("candidates", []) for e in reversed(entries) if e.type == "in_tray"), [])
    if found is None:
        some = select(Organisation).where(Organisation.kind == "site", Organisation.id.in_(likely))
        found = list(session.scalars(some.order_by(Organisation.code).limit(SITES_OFFERED))) if likely else []
    return sorted(found, key=lambda site: likely.index(site.id) if site.id in likely else len(likely))
