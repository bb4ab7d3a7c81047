"""The site asks its superior for help, takes that back, or is answered (rulebook 3.11)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.errors import Invalid
from app.domain.roles import Actor
from app.models import Ticket
from app.services import clocks, desk, journal
from app.services.desk import Outcome, Post
from app.services.transaction import write


def ask_help(*, actor: Actor, post: Post, text: str, now: datetime) -> Outcome:
    """Ask the province for help and say with what: what it does from now on counts where no deadline was over.

    Raises Invalid(text), NotFound, NotAllowed, Stale.
    """
    check_text(text)
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "ask_help", actor)
        ticket.help_asked_at = now
        if ticket.acting_id is not None:  # the LCS had begun unasked
            ticket.acting_counts = True
        data = {"site_id": ticket.handling_site_id, "before_due": _before_due(session, ticket, now)}
        event = journal.append(session, ticket, "help_asked", actor=actor, now=now, data=data, text={"text": text})
        return desk.finish(session, ticket, event, now, post)


def recall_help(*, actor: Actor, post: Post, now: datetime) -> Outcome:
    """Take the request back while nobody acts yet. Raises NotFound, NotAllowed, Stale."""
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "recall_help", actor)
        ticket.help_asked_at = None
        event = journal.append(session, ticket, "help_recalled", actor=actor, now=now)
        return desk.finish(session, ticket, event, now, post)


def answer_help(*, actor: Actor, post: Post, text: str, now: datetime) -> Outcome:
    """LCS or CCS answers with advice: the request is settled and the work stays with whoever has it."""
    check_text(text)
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "answer_help", actor)
        ticket.help_asked_at = None
        event = journal.append(session, ticket, "help_answered", actor=actor, now=now, text={"text": text})
        return desk.finish(session, ticket, event, now, post)


def check_text(text: str, field: str = "text") -> None:
    """Raise Invalid for a text that is missing or too long."""
    if not text.strip():
        raise Invalid({field: "required"})
    if len(text) > desk.TEXT_LIMIT:
        raise Invalid({field: "too_long"})


def _before_due(session: Session, ticket: Ticket, now: datetime) -> dict[str, bool]:
    """By clock, whether the latest run was not over when the site asked; a clock that has not begun is not over."""
    found = {}
    for kind in ("first_reply", "resolve"):
        runs = clocks.all_runs(session, ticket, kind)
        found[kind] = not runs or now <= runs[-1].due_at
    return found
