"""What the writing of a result looks up, read in one statement; each of its parts finds it where it would ask."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, bindparam, cast, literal, select
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.models import (
    Connection,
    Contact,
    Event,
    FreeText,
    Organisation,
    Outbox,
    PlatformOrder,
    Submission,
    Ticket,
    User,
    entries,
)
from app.models.together import Question, ask
from app.services import calendars, organisations, policies, rounds, work
from app.services.transaction import keep

_OF: Any = bindparam("ticket_id")
_SENT = Question(select(Submission.event_id, Submission.form).where(Submission.key == bindparam("key")))
_ORDERS = Question(
    select(PlatformOrder, Connection.settings)
    .join(Connection, Connection.id == PlatformOrder.connection_id)
    .where(PlatformOrder.ticket_id == _OF, PlatformOrder.verdict != "cancelled")
    .order_by(PlatformOrder.id)
)
_CONTACTS = Question(
    select(Contact).where(Contact.ticket_id == _OF, Contact.outcome != "").order_by(Contact.started_at, Contact.id)
)
_CALLS = Question(
    select(Event.at, FreeText.body)
    .join(FreeText, FreeText.id == Event.text_id)
    .where(entries.of_ticket(_OF), Event.type == "contact")
    .order_by(Event.seq)
)
_LANES = select(literal("order:") + cast(PlatformOrder.id, String)).where(PlatformOrder.ticket_id == _OF)
_AT_RISK = Question(select(Outbox.lane).where(Outbox.lane.in_(_LANES), Outbox.risk_at.is_not(None)))
_SITE = Question(select(Organisation).where(Organisation.id == bindparam("site_id")))
_OFF = Question(select(User.id).where(User.id == bindparam("actor_id"), User.off_duty_at.is_not(None)))


def ahead(session: Session, ticket: Ticket, actor: Actor, key: str) -> list[PlatformOrder]:
    """Read it for a ticket that is locked; its open platform orders, for reading. `key` is the form's."""
    of = {"ticket_id": ticket.id}
    sent, orders, contacts, calls, at_risk, site, off, (policy,), (days,), round_, items, parties = ask(
        session, _SENT(key=key), _ORDERS(**of), _CONTACTS(**of), _CALLS(**of), _AT_RISK(**of),
        _SITE(site_id=ticket.handling_site_id), _OFF(actor_id=actor.user_id), policies.STAMP(), calendars.STAMP(),
        rounds.PRESENT(**of), work.ITEMS(of_ticket=ticket.id), work.PARTIES(**of),
    )  # fmt: skip
    work.read_before(session, ticket, items, parties)
    policies.know(session, policy)
    calendars.know(session, days)
    for place in site:
        organisations.know(session, place)
    for order, settings in orders:
        keep(session, ("settings", order.connection_id), settings)
    read = {"round": round_, "contacts": contacts, "calls": calls, "at risk": set(at_risk)}
    for name, found in read.items():
        keep(session, (name, ticket.id), found)
    keep(session, ("submission", key), sent)
    keep(session, ("off duty", actor.user_id), bool(off))
    return [order for order, _settings in orders]
