"""Whose lateness it is: while an urged party is late, a late result is the party's (rulebook 3.10)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.responsibility import ReplyRun, late_party
from app.domain.roles import SYSTEM
from app.models import Clock, Event, Ticket, entries
from app.services import clock_runs, journal

SHIFTS = "resolve"  # the clock whose lateness may be a party's


def book(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> None:
    """Book a breached `resolve` run to the urged party that was late at its due, if there is one.

    Scorecards and penalties go by the run's organisation; the event says from whom to whom.
    """
    if clock.kind != SHIFTS or not ticket.cases:
        return
    liable = late_party(_runs(session, ticket), clock.due_at)
    if liable is None or liable == clock.organisation_id:
        return
    data = {"clock": clock.kind, "run": clock.run, "from": clock.organisation_id, "to": liable, "due_at": clock.due_at}
    clock_runs.book(session, ticket, clock, liable)
    journal.append(session, ticket, "lateness_booked", actor=SYSTEM, now=now, data=data)


def _runs(session: Session, ticket: Ticket) -> list[ReplyRun]:
    statement = select(Clock).where(Clock.ticket_id == ticket.id, Clock.kind == "party_reply", Clock.state != "void")
    urges = select(Event).where(entries.of_ticket(ticket.id), Event.type == "party_urged").order_by(Event.seq)
    urged = [(event.data["organisation_id"], event.at) for event in session.scalars(urges)]
    runs = []
    for clock in session.scalars(statement):
        if clock.organisation_id is None:
            continue
        first = (at for who, at in urged if who == clock.organisation_id and at >= clock.started_at)
        runs.append(ReplyRun(clock.organisation_id, clock.due_at, clock.stopped_at, next(first, None)))
    return runs
