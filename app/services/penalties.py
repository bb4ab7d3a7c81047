"""The ledger keeps up with the events: tickets in which something happened get their entries within a minute.

Each ticket in a short transaction of its own under its lock; looking twice writes nothing twice (rulebook 5).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import penalties as rule
from app.domain import penalty_facts
from app.domain.calendars import month_of
from app.domain.exemptions import LATE_ON_ARRIVAL
from app.domain.penalties import Entry, Stored
from app.domain.penalty_facts import Case, Fact, Happening, Run
from app.domain.roles import SITE_MANAGER, SYSTEM
from app.models import Event, ImportedTicket, Organisation, Penalty, Ticket, User, entries
from app.models.ids import new_id
from app.services import clock_runs, journal, months, moves, penalty_due, penalty_ends, penalty_rules, rectifications
from app.services.penalty_settling import lock_month
from app.services.transaction import write

log = logging.getLogger(__name__)
READ = (*penalty_facts.TOLD, *penalty_facts.RUN_EVENTS)


def run(session: Session, now: datetime, limit: int = 200) -> int:
    """Look at the tickets that wait, up to `limit`; how many were looked at."""
    ids = penalty_due.waiting(session, now, limit)
    session.rollback()
    for ticket_id in ids:
        try:
            with write() as inner:
                look(inner, ticket_id, now)
        except Exception:
            log.exception("penalties: ticket %s pushed ahead", ticket_id)
            penalty_due.push_ahead(ticket_id, now)
    return len(ids)


def look(session: Session, ticket_id: int, now: datetime) -> None:
    """Bring one ticket's ledger up to its facts; nothing when another scheduler has just done so."""
    ticket = moves.locked_ticket(session, ticket_id)
    if not penalty_due.take(session, ticket_id):
        return
    case = case_of(session, ticket)
    facts = penalty_facts.facts_of(case)
    rows = list(session.scalars(select(Penalty).where(Penalty.ticket_id == ticket.id).order_by(Penalty.id)))
    if not facts and not rows:
        return
    lock_month(session)
    stored, managers = stored_of(rows), _managers(session, facts)
    done = rule.reconcile(facts, penalty_rules.rules(session), managers=managers, stored=stored)
    by_id = {row.id: row for row in rows}
    for row_id, absorber in done.absorbed.items():
        by_id[row_id].absorbed_by = absorber
        penalty_ends.take_back(session, ticket, by_id[row_id], rule.ABSORBED, now)
    for row_id in done.gone:
        penalty_ends.take_back(session, ticket, by_id[row_id], penalty_facts.why_gone(case, by_id[row_id].cause), now)
    for entry in done.new:
        _write(session, ticket, entry, now)


def case_of(session: Session, ticket: Ticket) -> Case:
    """Everything of a ticket that the ledger goes by."""
    runs = [
        Run(c.kind, c.run, c.organisation_id, c.minutes, c.started_at, c.due_at, c.state, c.breached_at, c.exempt)
        for c in clock_runs.of(session, ticket)
    ]
    statement = select(Event).where(entries.of_ticket(ticket.id), Event.type.in_(READ)).order_by(Event.seq)
    events = [Happening(e.id, e.type, e.at, e.data, e.actor_role) for e in session.scalars(statement)]
    imported = session.scalar(select(ImportedTicket.ticket_id).where(ImportedTicket.ticket_id == ticket.id))
    bare = Case(
        ticket.kind, ticket.state == "withdrawn", ticket.opened_at, runs, events, imported is not None,
        LATE_ON_ARRIVAL in (ticket.flags or []), ticket.customer_limits or {},
    )  # fmt: skip
    places = {fact.organisation_id for fact in penalty_facts.facts_of(bare)}
    if not places:
        return bare
    known = list(session.scalars(select(Organisation).where(Organisation.id.in_(places))))
    onboarded = {place.id: place.onboarded_from for place in known if place.onboarded_from is not None}
    assessed = frozenset(place.id for place in known if place.kind in penalty_facts.LIABLE_KINDS)
    return replace(bare, onboarded=onboarded, assessed=assessed)


def stored_of(rows: Iterable[Penalty]) -> list[Stored]:
    """The ledger's rows as the rule wants them. What a frozen month holds and a later line takes back is reversed."""
    rows = list(rows)
    taken_back = {row.corrects_id for row in rows if row.corrects_id}
    return [
        Stored(
            row.id, row.rule, row.occurrence, row.organisation_id, row.decided_at, row.amount_fen, row.cause,
            row.state, row.reason, row.id in taken_back or row.corrects_id is not None,
        ) for row in rows
    ]  # fmt: skip


def _managers(session: Session, facts: Iterable[Fact]) -> dict[int, int]:
    """The manager of each organisation as a person: of several accounts the oldest that is not closed."""
    places = {fact.organisation_id for fact in facts}
    statement = select(User.organisation_id, User.id).where(
        User.organisation_id.in_(places), User.role == SITE_MANAGER, User.disabled_at.is_(None)
    )
    found: dict[int, int] = {}
    for place, person in session.execute(statement.order_by(User.id)):
        found.setdefault(place, person)
    return found


def _write(session: Session, ticket: Ticket, entry: Entry, now: datetime) -> None:
    """One immutable line and the event that proves it; an absorbed one is waived from its beginning."""
    place = session.get_one(Organisation, entry.organisation_id)
    row = Penalty(
        id=new_id(), rule=entry.rule, rule_version=entry.version, ticket_id=ticket.id, occurrence=entry.occurrence,
        cause=entry.cause, organisation_id=place.id, province_id=province_of(place), person_id=entry.person_id,
        month=charged_month(session, entry.decided_at, now), decided_at=entry.decided_at, full_fen=entry.full_fen,
        amount_fen=entry.amount_fen, base_fen=entry.base_fen, room_fen=entry.room_fen, points=entry.points,
        absorbed_by=entry.absorbed_by, state=rule.WAIVED if entry.absorbed_by else rule.PROPOSED,
        reason=rule.ABSORBED if entry.absorbed_by else "", event_ids=list(entry.event_ids), ruled_by=entry.ruled_by,
        created_at=now, settled_at=now if entry.absorbed_by else None,
    )  # fmt: skip
    session.add(row)
    said(session, ticket, row, now)
    if row.rule == "loss":
        rectifications.of_loss(session, row, now)


def said(session: Session, ticket: Ticket, row: Penalty, now: datetime) -> None:
    """The event of a new line: all that a month is recomputed from."""
    data = {
        "penalty_id": row.id, "rule": row.rule, "version": row.rule_version, "occurrence": row.occurrence,
        "organisation_id": row.organisation_id, "person_id": row.person_id, "month": row.month,
        "decided_at": row.decided_at, "full_fen": row.full_fen, "amount_fen": row.amount_fen, "points": row.points,
        "absorbed_by": row.absorbed_by, "event_ids": row.event_ids,
        **({"corrects_id": row.corrects_id} if row.corrects_id else {}),
    }  # fmt: skip
    journal.append(session, ticket, "penalty_proposed", actor=SYSTEM, now=now, data=data)


def province_of(place: Organisation) -> int | None:
    """Under which province an organisation's entries stand: a province's own under itself."""
    return place.id if place.kind == "province" else place.province_id


def charged_month(session: Session, decided_at: datetime, now: datetime) -> str:
    """The month of the fact, or the open one where that is frozen."""
    month = month_of(decided_at)
    return months.open_month(session, now) if months.is_frozen(session, month) else month
