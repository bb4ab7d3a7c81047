"""What a superior does about a slow ticket without taking it: urge the site, raise the priority (rulebook 3.11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import reminders as rule
from app.domain import urging
from app.domain.errors import Invalid, NotAllowed
from app.domain.masking import mask_phone
from app.domain.roles import Actor
from app.models import Event, Organisation, Outbox, Ticket, entries
from app.models.ids import new_id
from app.services import clocks, desk, duty, helping, journal
from app.services.desk import Outcome, Post
from app.services.transaction import write

TEMPLATE = "site_urged"
PRIORITIES = ("normal", "high", "urgent")
# Puts an urge on its way to the site's duty phone: gets the ticket and its number, gives what the entry keeps of it.
Tell = Callable[[Session, Ticket, int, datetime], Mapping[str, object]]


def urge_site(*, actor: Actor, post: Post, now: datetime) -> Outcome:
    """Urge the handling site on record and by SMS to its duty phone, at most once in 30 minutes a ticket.

    Raises NotFound, NotAllowed ("urged_lately"), Stale.
    """
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        return desk.finish(session, ticket, urge(session, ticket, actor, now, _by_sms), now, post)


def urge(session: Session, ticket: Ticket, actor: Actor, now: datetime, tell: Tell) -> Event:
    """The same inside a change that has the ticket locked; the caller finishes it. Raises NotAllowed."""
    desk.move(ticket, "urge_site", actor)
    if urging.possible_at(ticket.urged_at, now) > now:
        raise NotAllowed("urged_lately")
    ticket.urged_at = now
    n = _times(session, ticket) + 1
    data = {"site_id": ticket.handling_site_id, "n": n, **tell(session, ticket, n, now)}
    return journal.append(session, ticket, "site_urged", actor=actor, now=now, data=data)


def raise_priority(*, actor: Actor, post: Post, priority: str, text: str, now: datetime) -> Outcome:
    """Raise the priority with a reason: running site clocks get the earlier of old due and now + the new limit.

    Raises Invalid(priority, text), NotFound, NotAllowed, Stale.
    """
    if priority not in PRIORITIES:
        raise Invalid({"priority": "required"})
    helping.check_text(text)
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "raise_priority", actor)
        if priority not in higher(ticket.priority):
            raise Invalid({"priority": "not_higher"})
        data = {"before": ticket.priority, "after": priority}
        ticket.priority = priority
        event = journal.append(session, ticket, "priority_raised", actor=actor, now=now, data=data, text={"text": text})
        clocks.shorten(session, ticket, now)
        return desk.finish(session, ticket, event, now, post)


def higher(priority: str) -> tuple[str, ...]:
    """The priorities above this one."""
    return PRIORITIES[PRIORITIES.index(priority) + 1 :] if priority in PRIORITIES else PRIORITIES


def _times(session: Session, ticket: Ticket) -> int:
    urged = select(func.count()).where(entries.of_ticket(ticket.id), Event.type == "site_urged")
    return session.scalar(urged) or 0


def _by_sms(session: Session, ticket: Ticket, n: int, now: datetime) -> dict[str, object]:
    """One SMS in the same commit, at night for the morning; what the event keeps of it. Nothing without a phone."""
    site = session.get_one(Organisation, ticket.handling_site_id)
    phone = duty.phone_at(session, site, now)
    if not phone:
        return {}
    due = rule.Due(
        ticket.number, ticket.waybill[-4:], ticket.next_clock or "resolve", ticket.next_due_at or now, "urged", True
    )
    payload = {
        "phone": phone, "template": TEMPLATE, "variables": rule.bundle_variables([due], now),
        "capped": False, "tickets": [ticket.number],
    }  # fmt: skip
    row = Outbox(
        id=new_id(), kind="sms", key=f"urge-site:{ticket.id}:{n}", lane=f"phone:{phone}",
        organisation_id=site.id, province_id=site.province_id or site.id, payload=payload, state="pending",
        attempts=0, token=0, next_try_at=rule.send_after(now), created_at=now,
    )  # fmt: skip
    session.add(row)
    return {"outbox_id": row.id, "to": mask_phone(phone)}
