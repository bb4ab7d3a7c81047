"""The way from an answer to the end of a ticket: the objection window, then the close clock (rulebook 3.9)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.domain.clocks import Limit
from app.domain.roles import SYSTEM
from app.models import Clock, Event, Ticket
from app.services import clocks, closures, journal, rounds

UNTIL_THE_END = ("delivery", "objection", "close")  # what runs after a result, void when the work begins again


def await_delivery(session: Session, ticket: Ticket, now: datetime) -> None:
    """A result goes out: until its delivery is confirmed the time to object has not begun."""
    clocks.void(session, ticket, ["delivery"], now)
    limit = clocks.limits(session, ticket)["delivery"]
    clocks.start(session, ticket, "delivery", limit, now, organisation_id=clocks.assessed_id(session, ticket))


def start_objection(session: Session, ticket: Ticket, now: datetime) -> None:
    """The complainant's time to object begins at `now`: the platform took the answer, the SMS with the link was
    delivered, or the complainant was told on a logged call; the first of them counts."""
    settled = ticket.customer_accepted or ticket.objection_over
    if ticket.state != "replied" or settled or clocks.running(session, ticket, ["objection"]):
        return
    clocks.stop(session, ticket, ["delivery"], now)
    limit = objection_limit(session, ticket)
    clocks.start(session, ticket, "objection", limit, now, organisation_id=clocks.assessed_id(session, ticket))


def objection_limit(session: Session, ticket: Ticket) -> Limit:
    """48 h to object, 24 h after a rework (D)."""
    return clocks.limits(session, ticket)["objection_rework" if rounds.reworked(session, ticket) else "objection"]


def unconfirmed(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> Event:
    """Nothing confirmed the delivery within 24 h (D): the time to object counts from the sending after all."""
    sent_at, at = clock.started_at, clock.due_at
    clocks.stop(session, ticket, ["delivery"], at)
    data = {"run": clock.run, "sent_at": sent_at}
    event = journal.append(session, ticket, "delivery_unconfirmed", actor=SYSTEM, now=at, data=data)
    start_objection(session, ticket, sent_at)
    for window in clocks.running(session, ticket, ["objection"]):
        if window.due_at <= now:
            return objection_over(session, ticket, window)
    return event


def objection_over(session: Session, ticket: Ticket, clock: Clock) -> Event:
    """The time to object has passed without a word: from its end on the close clock may run."""
    clocks.stop(session, ticket, ["objection"], clock.due_at)
    ticket.objection_over = True
    event = journal.append(session, ticket, "objection_over", actor=SYSTEM, now=clock.due_at)
    start_close(session, ticket, clock.due_at)
    return event


def start_close(session: Session, ticket: Ticket, now: datetime) -> None:
    """Start `close` once nothing is open any more: accepted or objection over, every promise settled, and every party
    heard or its time over."""
    settled = ticket.customer_accepted or ticket.objection_over
    if ticket.state != "replied" or not settled or ticket.open_promises or clocks.running(session, ticket, ["close"]):
        return
    if any(clock.due_at > now for clock in clocks.running(session, ticket, ["party_reply"])):
        return
    limit = clocks.limits(session, ticket)["close"]
    clocks.start(session, ticket, "close", limit, now, organisation_id=clocks.assessed_id(session, ticket))


def reopens(session: Session, ticket: Ticket, now: datetime) -> bool:
    """Whether a repeat at `now` re-opens this closed ticket: within 7 days (D) of its closing, their end included."""
    if ticket.state != "closed" or ticket.closed_at is None:
        return False
    window = clocks.limits(session, ticket)["reopen"]
    return now - ticket.closed_at <= timedelta(minutes=window.minutes)


def work_again(session: Session, ticket: Ticket, now: datetime, *, was_closed: bool) -> None:
    """The clocks of a ticket that a repeat brings back: fresh ones after a closing, 12 h for a rework. Without a site
    they begin with the routing; the legal clock has no restart, it runs on to its old due where that is to come."""
    if was_closed:
        clocks.run_on(session, ticket, "legal", now)
        closures.look_again(session, ticket.handling_site_id, now)
    if clocks.assessed_id(session, ticket) is None:
        return
    if was_closed:
        _begin_again(session, ticket, now)
    else:
        clocks.start_rework(session, ticket, now)


def _begin_again(session: Session, ticket: Ticket, now: datetime) -> None:
    """First reply and resolve run anew, as for a ticket just routed; it is claimed already."""
    own = clocks.limits(session, ticket)
    site = clocks.assessed_id(session, ticket)
    clocks.start(session, ticket, "first_reply", own["first_reply"], now, organisation_id=site)
    due = clocks.resolve_due(session, ticket, own["resolve"], now)
    clocks.start(session, ticket, "resolve", own["resolve"], now, due=due, organisation_id=site)
