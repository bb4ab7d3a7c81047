"""Somebody works a ticket for its handling site, and what that is worth to the site (rulebook 3.11).

What is done by the site itself counts as ever. What an LCS does counts as the site's where the site had asked for help
before that clock was due; a deputy's work always does, because the closure was announced; a clock that is booked to
whoever acts is its own.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain import lifecycle
from app.domain.roles import Actor
from app.models import Clock, Organisation, Party, Ticket
from app.models.together import Question, Step
from app.services import clocks, desk, journal, work
from app.services.desk import Outcome, Post
from app.services.transaction import write


def act_for(*, actor: Actor, post: Post, now: datetime) -> Outcome:
    """The LCS begins to act for the site; the owner stays. Raises NotFound, NotAllowed, Stale."""
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        event = begin(session, ticket, actor, now)
        return desk.finish(session, ticket, event, now, post)


def begin(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> Any:
    """The same inside a change that has the ticket; the caller finishes it. Raises NotAllowed."""
    desk.move(ticket, "act_for", actor)
    ticket.acting_id, ticket.acting_counts = ticket.province_id, ticket.help_asked_at is not None
    data = {
        "site_id": ticket.handling_site_id, "organisation_id": ticket.acting_id, "asked_at": ticket.help_asked_at,
        "counts": standing(session, ticket),
    }  # fmt: skip
    return journal.append(session, ticket, "acting_started", actor=actor, now=now, data=data)


def stop_acting(*, actor: Actor, post: Post, now: datetime) -> Outcome:
    """Whoever acts gives the ticket back to its site. Raises NotFound, NotAllowed, Stale."""
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "stop_acting", actor)
        event = give_back(session, ticket, actor, now)
        return desk.finish(session, ticket, event, now, post)


def give_back(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> Any:
    """Nobody acts any more: a request for help is answered with it, a deputy has nothing to do here."""
    data = {"site_id": ticket.handling_site_id, "organisation_id": ticket.acting_id}
    row = session.get(Party, (ticket.id, ticket.acting_id)) if ticket.acting_id else None
    if row is not None and row.role == "deputy":
        work.parties_change(session, ticket)
        row.role = "former"
    if ticket.acting_id == ticket.province_id:
        ticket.help_asked_at = None
    ticket.acting_id, ticket.acting_counts = None, False
    return journal.append(session, ticket, "acting_stopped", actor=actor, now=now, data=data)


def acts(ticket: Ticket, actor: Actor) -> bool:
    """Whether this actor does the site's work without being the site: who acts for it, or CCS at work on it."""
    hats = lifecycle.desks_of(actor, desk.facts_of(ticket))
    return bool(hats & {lifecycle.ACTING, lifecycle.CCS_AT_WORK}) and lifecycle.HANDLING not in hats


def counts(ticket: Ticket, clock: Clock) -> bool:
    """Whether what is done now by who acts for the site counts as the site's on this run."""
    if clock.organisation_id == ticket.acting_id:
        return True
    asked = ticket.help_asked_at
    in_time = asked is None or ticket.acting_id != ticket.province_id or asked <= clock.due_at
    return ticket.acting_counts and in_time


def credited(ticket: Ticket, actor: Actor, clock: Clock) -> bool:
    """Whether the site gets this run for what the actor does. CCS serves the complainant, as an LCS that nobody asked
    does; it counts where the site had asked for help in time."""
    if not acts(ticket, actor):
        return True
    if actor.organisation_id == ticket.acting_id:
        return counts(ticket, clock)
    return ticket.help_asked_at is not None and ticket.help_asked_at <= clock.due_at


def standing(session: Session, ticket: Ticket) -> dict[str, bool]:
    """By kind, whether the running site clocks would count if they stopped now."""
    return {clock.kind: counts(ticket, clock) for clock in clocks.running(session, ticket, clocks.SITE_CLOCKS)}


def stop(session: Session, ticket: Ticket, actor: Actor, kinds: Collection[str], now: datetime) -> None:
    """Stop site clocks by whoever did the work, each run with its own answer to whether the site gets the credit."""
    for clock in clocks.running(session, ticket, kinds):
        worth = credited(ticket, actor, clock)
        clocks.stop(session, ticket, [clock.kind], now, credited=worth, by_id=actor.user_id)


def said(session: Session, ticket: Ticket, actor: Actor, kinds: Collection[str] = ()) -> dict[str, Any]:
    """What an entry keeps of it: for whom, and where it stops clocks of `kinds` whether that counts for the site.
    Nothing where the site acts itself."""
    if not acts(ticket, actor) or ticket.handling_site_id is None:
        return {}
    site = session.get_one(Organisation, ticket.handling_site_id)
    whom = {"acting_for": site.id, "acting_for_code": site.code}
    if not kinds:
        return whom
    running = clocks.running(session, ticket, kinds) or clocks.running(session, ticket, clocks.SITE_CLOCKS)
    worth = all(credited(ticket, actor, clock) for clock in running) if running else ticket.acting_counts
    return {**whom, "counts": worth}


_PLACE = Question(select(Organisation).where(Organisation.id == bindparam("acting_id")))


def who(ticket: Ticket, actor: Actor) -> Step[Organisation | None]:
    """The organisation that acts, for the ticket's page."""
    if ticket.acting_id is None:
        return None
    ((place,),) = yield (_PLACE(acting_id=ticket.acting_id),)
    return place
