"""Rounds of work on a ticket: since its routing, its rework or its re-opening (rulebook 3.8, 4 "Pauses")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import Clock, Event, Ticket, entries
from app.models.together import Question, ask
from app.services import clock_runs
from app.services.transaction import read_ahead

REFUSED = ("callback_refused",)
GIVEN = ("routed", "kept_at_lcs")  # to somebody who has it for the first time


@dataclass(frozen=True)
class Round:
    """A round's number and its begin (UTC)."""

    number: int
    since: datetime


def of(session: Session, ticket: Ticket) -> Round:
    """The present round: each begins with a run of `resolve`.

    A platform that refuses an answer starts such a run too, but no new round: the customer has said what there was to
    say.
    """
    rows = read_ahead(session, ("round", ticket.id))
    if rows is None:
        (rows,) = ask(session, PRESENT(ticket_id=ticket.id))
    return Round(rows[0][0], rows[0][1]) if rows else Round(0, ticket.opened_at)


def reworked(session: Session, ticket: Ticket) -> bool:
    """Whether the work began again because the complainant was not content, or a promise broke: another site that gets
    the ticket works it for the first time, and a platform's refusal is no word of the complainant."""
    if clock_runs.next_run(session, ticket, "resolve") <= 2:  # most tickets: nothing to look up
        return False
    return session.execute(_REWORK, {"ticket_id": ticket.id}).first() is not None


def _runs(but_for: Sequence[str]) -> Any:
    """The runs of `resolve` that did not begin with one of these entries."""
    of: Any = bindparam("ticket_id")
    begun = select(Event.at).where(entries.of_ticket(of), Event.type.in_(but_for))
    runs = select(Clock.run, Clock.started_at).where(Clock.ticket_id == of, Clock.kind == "resolve")
    return runs.where(Clock.started_at.not_in(begun))


PRESENT = Question(_runs(REFUSED).order_by(Clock.run.desc()).limit(1))
_REWORK = _runs((*REFUSED, *GIVEN)).where(Clock.run > 1).limit(1)
