"""Rounds of work on a ticket: since its routing, its rework or its re-opening (rulebook 3.8, 4 "Pauses")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Clock, Event, Ticket


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
    refused = select(Event.at).where(Event.ticket_id == ticket.id, Event.type == "callback_refused")
    runs = select(Clock.run, Clock.started_at).where(Clock.ticket_id == ticket.id, Clock.kind == "resolve")
    found = session.execute(runs.where(Clock.started_at.not_in(refused)).order_by(Clock.run.desc()).limit(1)).first()
    return Round(found[0], found[1]) if found else Round(0, ticket.opened_at)
