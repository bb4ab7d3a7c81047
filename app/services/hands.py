"""Who has had a hand in a ticket: nobody rules on what they wrote or acted in (rulebook 3.13)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from app.domain.errors import NotAllowed
from app.domain.roles import Actor
from app.models import Event, Ticket, entries
from app.services.scope import one_by_one

# what is written or done in the handling site's place: by itself, by who acts for it, by who closes instead of it
FOR_THE_SITE = (
    "claimed", "follow_up", "result", "contact", "promise_made", "promise_settled", "promise_renegotiated", "told",
    "customer_accepts", "closed", "intervened", "returned", "acting_started",
)  # fmt: skip
IN_AUDIT = (*FOR_THE_SITE, "ruling", "withdrawn", "courier_sms", "help_answered")  # who did these does not audit
NO_ACT = (
    "revealed", "exemption_granted", "exemption_refused", "clock_exempted", "exemption_revoked", "penalty_ruled",
    "penalty_waived",
)  # fmt: skip
DECIDED = ("result", "ruling")  # of these the last one is what a customer rejects


def has(session: Session, ticket: Ticket, actor: Actor, kinds: Collection[str]) -> bool:
    """Whether the person wrote or did one of these in the ticket, in whatever role that was."""
    if actor.user_id is None:
        return False
    own = select(Event.seq).where(entries.of_ticket(ticket.id), Event.actor_id == actor.user_id, Event.type.in_(kinds))
    return session.scalar(own.limit(1)) is not None


def acted(actor: Actor, kinds: Collection[str], ticket_id: Any) -> ColumnElement[bool]:
    """The same as a condition, for lists, looked up row by row; `ticket_id` is a column."""
    own = exists().where(entries.of_ticket(ticket_id), Event.actor_id == actor.user_id, Event.type.in_(kinds))
    return one_by_one(own.correlate(ticket_id.expression.table))


def acted_in(session: Session, ticket_ids: Collection[int], actor: Actor) -> set[int]:
    """Those of the tickets in which the person wrote or did anything; looking and ruling on money is no act."""
    own = select(Event.ticket_id).where(
        Event.ticket_id.in_(ticket_ids), Event.actor_id == actor.user_id, Event.type.not_in(NO_ACT)
    )
    return set(session.scalars(own.distinct())) if actor.user_id is not None and ticket_ids else set()


def refuse(session: Session, ticket: Ticket, actor: Actor, kinds: Collection[str] = FOR_THE_SITE) -> None:
    """Raise NotAllowed ("own_work") for whoever did one of these in the ticket."""
    if has(session, ticket, actor, kinds):
        raise NotAllowed("own_work")


def refuse_own_decision(session: Session, ticket: Ticket, actor: Actor) -> None:
    """Raise NotAllowed ("own_work") where the customer rejects what this very person ruled before."""
    last = select(Event).where(entries.of_ticket(ticket.id), Event.type.in_(DECIDED)).order_by(Event.seq.desc())
    event = session.scalars(last.limit(1)).one_or_none()
    if event is not None and event.type == "ruling" and event.actor_id == actor.user_id:
        raise NotAllowed("own_work")


def own_appeal(actor: Actor) -> ColumnElement[bool]:
    """The same two as a condition on `ticket`, for lists: an appeal on which this very person does not rule."""
    own = Event.actor_id == actor.user_id
    last, newer = aliased(Event), aliased(Event)
    rejected = exists().where(
        last.ticket_id == Ticket.id, last.actor_id == actor.user_id, last.type == "ruling",
        ~exists().where(newer.ticket_id == last.ticket_id, newer.seq > last.seq, newer.type.in_(DECIDED)),
    )  # fmt: skip
    return exists().where(entries.of_ticket(Ticket.id), own, Event.type.in_(FOR_THE_SITE)) | rejected
