"""What the complainant was told and says on the telephone, logged by whoever called (rulebook 3.9, 3.12).

Each is a call like any other: it counts among the attempts, and proves a promised call.
"""

from __future__ import annotations

from datetime import datetime

from app.domain import contacts as rule
from app.domain import kinds, lifecycle
from app.domain.errors import Invalid
from app.domain.roles import Actor
from app.services import acting, contacts, desk, journal, moves, settling
from app.services.desk import Outcome, Post
from app.services.transaction import write

OUTCOMES = (rule.TOLD, rule.TOLD_OTHER, "reached_denies")  # who was reached; a call that reached nobody told nothing


def told(*, actor: Actor, post: Post, outcome: str, text: str, now: datetime) -> Outcome:
    """The complainant was told the result on a logged call: the time to object counts from now, unless it runs.

    Raises Invalid(contact_outcome, text), NotFound, NotAllowed, Stale.
    """
    _require(text, {} if outcome in OUTCOMES else {"contact_outcome": "required"})
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "told", actor)
        data = {"contact_outcome": outcome, "site_id": ticket.handling_site_id}
        data |= acting.said(session, ticket, actor)
        event = journal.append(session, ticket, "told", actor=actor, now=now, data=data, text={"text": text})
        contacts.about_result(session, ticket, actor, event, outcome, now)
        settling.start_objection(session, ticket, now)
        return desk.finish(session, ticket, event, now, post)


def customer_accepts(*, actor: Actor, post: Post, text: str, now: datetime) -> Outcome:
    """The complainant accepts the result on a logged call: the same as the platform's *satisfied*.

    Raises Invalid(text), NotFound, NotAllowed, Stale.
    """
    _require(text, {})
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "customer_accepts", actor)
        data = {"site_id": ticket.handling_site_id, "by": "call"} | acting.said(session, ticket, actor)
        event = journal.append(
            session, ticket, "customer_accepts", actor=actor, now=now, data=data, text={"text": text}
        )
        contacts.about_result(session, ticket, actor, event, "reached_accepts", now)
        moves.satisfied_effect(session, ticket, text, now)
        return desk.finish(session, ticket, event, now, post)


def customer_rejects(*, actor: Actor, post: Post, text: str, now: datetime) -> Outcome:
    """The complainant rejects the result on a logged call, before the closing or however long after it: an appeal
    that CCS rules on, never refused. The answer to an inquiry is given once more.

    Raises Invalid(text), NotFound, NotAllowed, Stale.
    """
    _require(text, {})
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        action = "customer_unhappy" if ticket.kind == kinds.INQUIRY else "customer_rejects"
        lifecycle.step(action, desk.facts_of(ticket), actor)
        data = {"site_id": ticket.handling_site_id, "by": "call"} | acting.said(session, ticket, actor)
        event = journal.append(
            session, ticket, "customer_rejects", actor=actor, now=now, data=data, text={"text": text}
        )
        contacts.about_result(session, ticket, actor, event, rule.REJECTS, now)
        moves.reject_effect(session, ticket, text, now)
        return desk.finish(session, ticket, event, now, post)


def _require(text: str, errors: dict[str, str]) -> None:
    if not text.strip():
        errors = errors | {"text": "required"}
    elif len(text) > desk.TEXT_LIMIT:
        errors = errors | {"text": "too_long"}
    if errors:
        raise Invalid(errors)
