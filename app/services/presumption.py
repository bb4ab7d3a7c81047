"""What silence means (rulebook 3.10, 3.14): a party that does not answer is presumed responsible, a dispute that the
handling site leaves lying counts as rejected, evidence that does not come counts against whom it was ordered from."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import responsibility as rule
from app.domain.roles import SYSTEM
from app.models import Clock, EvidenceOrder, Organisation, PartyCase, Ticket
from app.services import calendars, cases, desk, journal, moves, party_cases, settling
from app.services.transaction import write

log = logging.getLogger(__name__)


def on_breach(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> None:
    """A clock that waits for one desk has run out; called once for each run, by whoever finds it first."""
    if clock.kind == "party_reply":
        for case, organisation in party_cases.of_ticket(session, ticket):
            if case.organisation_id == clock.organisation_id and case.state == rule.ASKED:
                presume(session, ticket, case, organisation, clock, now)
    elif clock.kind == "ruling":
        _unanswered(session, ticket, clock, now)
    elif clock.kind == "evidence":
        order = session.scalars(select(EvidenceOrder).where(EvidenceOrder.clock_id == clock.id)).one_or_none()
        if order is not None and order.state == "open":
            silent(session, ticket, order, now)


def presume(
    session: Session, ticket: Ticket, case: PartyCase, organisation: Organisation, clock: Clock, now: datetime
) -> None:
    """Presumed responsible from the due on, contestable for one working day; the answer is still owed."""
    days = calendars.calendars(session)["working"].days
    case.state, case.contest_until = rule.PRESUMED, rule.contest_until(days, clock.due_at)
    data = party_cases.data_of(organisation, run=clock.run, due_at=clock.due_at, contest_until=case.contest_until)
    journal.append(session, ticket, "party_presumed", actor=SYSTEM, now=now, data=data)
    cases.fold(session, ticket)
    settling.start_close(session, ticket, clock.due_at)


def catch_up(session: Session, ticket: Ticket, case: PartyCase, organisation: Organisation, now: datetime) -> None:
    """Presume a party that speaks after its due before the sweep has come by."""
    clock = party_cases.reply_clock(session, ticket, case.organisation_id)
    if case.state == rule.ASKED and clock is not None and clock.due_at < now:
        presume(session, ticket, case, organisation, clock, now)


def _unanswered(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> None:
    """The handling site let a dispute lie: it counts as rejected, by nobody, and may go to arbitration."""
    for case, organisation in party_cases.of_ticket(session, ticket):
        if case.ruling_clock_id == clock.id and case.state == rule.DISPUTED:
            case.state = rule.REJECTED
            data = party_cases.data_of(organisation, site_id=clock.organisation_id, run=clock.run)
            journal.append(session, ticket, "dispute_unanswered", actor=SYSTEM, now=now, data=data)
            party_cases.end_ruling(session, ticket, case, now)
            cases.fold(session, ticket)


def silent(session: Session, ticket: Ticket, order: EvidenceOrder, now: datetime) -> None:
    """Ordered evidence has not come: a fact against the organisation. It can still be delivered."""
    order.state = "silent"
    organisation = session.get_one(Organisation, order.organisation_id)
    data = party_cases.data_of(organisation, order_id=order.id, due_at=order.due_at)
    journal.append(session, ticket, "evidence_silent", actor=SYSTEM, now=now, data=data)


def finalise(session: Session, now: datetime, limit: int) -> int:
    """Presumptions whose day to contest is over are final; how many. Each in a transaction of its own."""
    over = select(PartyCase.id).where(PartyCase.contest_until < now).order_by(PartyCase.contest_until).limit(limit)
    ids = list(session.scalars(over))
    session.rollback()
    for case_id in ids:
        try:
            with write() as inner:
                _finalise(inner, case_id, now)
        except Exception:
            log.exception("presumption: case %s left for the next look", case_id)
    return len(ids)


def _finalise(session: Session, case_id: int, now: datetime) -> None:
    case = session.get_one(PartyCase, case_id)
    ticket = moves.locked_ticket(session, case.ticket_id)
    session.refresh(case)
    if case.contest_until is None or case.contest_until >= now:
        return
    case.contest_until = None
    if case.state != rule.PRESUMED:
        return
    at, organisation = ticket.activity_at, session.get_one(Organisation, case.organisation_id)
    data = party_cases.data_of(organisation)
    event = journal.append(session, ticket, "presumption_final", actor=SYSTEM, now=now, data=data)
    cases.fold(session, ticket)
    desk.finish(session, ticket, event, now)
    ticket.activity_at = at
