"""The way from an answer to the end of a ticket: the objection window, then the close clock (rulebook 3.9)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.models import Ticket
from app.services import clocks


def start_objection(session: Session, ticket: Ticket, now: datetime) -> None:
    """The complainant's time to object begins: the platform took the answer, or the customer was told."""
    if ticket.state != "replied" or clocks.running(session, ticket, ["objection"]):
        return
    rework = any(run for run in clocks.all_runs(session, ticket, "resolve") if run.run > 1)
    limit = clocks.limits(session, ticket)["objection_rework" if rework else "objection"]
    clocks.start(session, ticket, "objection", limit, now, organisation_id=clocks.assessed_id(session, ticket))


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
