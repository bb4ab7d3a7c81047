"""Waiting for the customer: the site's clocks stand still once the attempts were made (rulebook 4 "Pauses")."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import contacts as attempts_rule
from app.domain.errors import NotAllowed
from app.domain.roles import Actor
from app.models import Pause, Ticket
from app.models.ids import new_id
from app.services import acting, clocks, contacts, desk, journal, moves, pauses, rounds
from app.services.desk import Outcome, Post
from app.services.transaction import write

log = logging.getLogger(__name__)
LONGEST = timedelta(hours=24)


def wait(*, actor: Actor, post: Post, now: datetime) -> Outcome:
    """Let the site's clocks stand still until the customer is heard of, at most 24 h, once a round.

    Raises NotFound, NotAllowed ("customer_reached", "attempts_missing" with `missing` and `next_at`, "waited_already"),
    Stale.
    """
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        queue_before, number = ticket.queue, rounds.of(session, ticket).number
        desk.move(ticket, "wait", actor)
        _require_attempts(session, ticket, now)
        if pauses.of_round(session, ticket, number) is not None:
            raise NotAllowed("waited_already")
        pause = Pause(id=new_id(), ticket_id=ticket.id, reason=pauses.CUSTOMER, round=number, started_at=now)
        pause.ends_at, pause.queue_before = now + _limit(session, ticket), queue_before
        session.add(pause)
        ticket.waiting_until = pause.ends_at
        data = {"pause_id": pause.id, "round": number, "until": pause.ends_at}
        data |= acting.said(session, ticket, actor)
        event = journal.append(session, ticket, "waiting", actor=actor, now=now, data=data)
        clocks.pause(session, ticket, now)
        return desk.finish(session, ticket, event, now, post)


def resume(*, actor: Actor, post: Post, now: datetime) -> Outcome:
    """Go on with the work before the customer is heard of. Raises NotFound, NotAllowed, Stale."""
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "resume", actor)
        event = pauses.end(session, ticket, "asked", now, actor=actor)
        if event is None:
            raise NotAllowed("not_waiting")
        return desk.finish(session, ticket, event, now, post)


def run_out(session: Session, now: datetime, limit: int) -> int:
    """End the waitings whose time has passed; how many. One that raises is reported and does not stop the others."""
    due = select(Pause.ticket_id).where(Pause.ended_at.is_(None), Pause.ends_at <= now, Pause.reason == pauses.CUSTOMER)
    ids = list(session.scalars(due.order_by(Pause.ends_at, Pause.id).limit(limit)))
    session.rollback()
    return sum(_one(ticket_id, now) for ticket_id in ids)


def _one(ticket_id: int, now: datetime) -> int:
    try:
        with write() as session:
            ticket = moves.locked_ticket(session, ticket_id)
            if ticket.waiting_until is None or ticket.waiting_until > now:
                return 0
            at = ticket.activity_at
            event = pauses.end(session, ticket, "over", now)
            if event is not None:
                desk.finish(session, ticket, event, now)
            ticket.activity_at = at
    except Exception:
        log.exception("waiting: ticket %s does not end", ticket_id)
        return 0
    return 1


def _require_attempts(session: Session, ticket: Ticket, now: datetime) -> None:
    """A customer who was reached is not waited for; one who was not has been tried often enough."""
    made = contacts.attempts(session, ticket)
    if attempts_rule.reached(made):
        raise NotAllowed("customer_reached")
    if left := attempts_rule.missing(made, now):
        raise NotAllowed("attempts_missing", missing=left.attempts, next_at=left.next_at)


def _limit(session: Session, ticket: Ticket) -> timedelta:
    """The policy's limit `waiting`, never more than 24 h; a policy from before it was known means 24 h."""
    found = clocks.limits(session, ticket).get("waiting")
    return min(LONGEST, timedelta(minutes=found.minutes)) if found else LONGEST
