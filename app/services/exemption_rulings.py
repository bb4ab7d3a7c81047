"""Deciding exemptions, confirming system facts, and marking the clocks: one short transaction a ticket (rulebook 4)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from app.domain import exemptions as rule
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.exemptions import Asked
from app.domain.roles import Actor
from app.models import Clock, Event, ExemptedClock, Exemption, Organisation, Ticket, User, entries
from app.models.dialect import for_update, insert_ignoring
from app.services import desk, exemption_entries, exemption_scopes, exemption_view, journal, moves
from app.services.hands import NO_ACT
from app.services.transaction import apart, write

log = logging.getLogger(__name__)
DECISION_LIMIT = 200
AT_ONCE = 50  # tickets marked while somebody waits; the scheduler marks the others
MARK = {"granted": "exempt", "refused": "released", "revoked": "released"}


def decide(*, actor: Actor, exemption_id: int, granting: bool, text: str, now: datetime) -> None:
    """Grant or refuse; a refusal says why. Raises Invalid(decision), NotAllowed with the reason's code, NotFound."""
    _check(text, needed=not granting)
    with write() as session:
        row = exemption_view.load(session, actor, exemption_id, lock=True)
        if row.state != "asked":
            raise NotAllowed("decided_already")
        if reason := rule.why_not(asked_of(session, [row], actor)[row.id], actor, granting=granting):
            raise NotAllowed(reason)
        row.state, row.decision = "granted" if granting else "refused", text.strip()
        row.decided_by_id, row.decided_at = actor.user_id, now
        exemption_scopes.moved(session, row)
    carry_out(exemption_id, now, AT_ONCE)


def revoke(*, actor: Actor, exemption_id: int, text: str, now: datetime) -> None:
    """Take a granted exemption back, with the reason: its clocks count again. Raises Invalid, NotAllowed, NotFound."""
    _check(text, needed=True)
    with write() as session:
        row = exemption_view.load(session, actor, exemption_id, lock=True)
        if not actor.can("exempt_revoke"):
            raise NotAllowed("not_yours")
        if row.state != "granted":
            raise NotAllowed("not_granted")
        row.state, row.decision, row.done_at = "revoked", text.strip(), None
        row.decided_by_id, row.decided_at = actor.user_id, now
        exemption_scopes.moved(session, row)
    carry_out(exemption_id, now, AT_ONCE)


def confirm(*, actor: Actor, exemption_id: int, real: bool, now: datetime) -> None:
    """The administrator says whether the system's failure was real; nobody decides before. Raises NotAllowed."""
    with write() as session:
        row = exemption_view.load(session, actor, exemption_id, lock=True)
        if not actor.can("system_facts") or row.reason != rule.SYSTEM_FAULT:
            raise NotAllowed("not_yours")
        if row.state != "asked":
            raise NotAllowed("decided_already")
        row.system_real, row.system_confirmed_by_id, row.system_confirmed_at = real, actor.user_id, now


def asked_of(session: Session, rows: Sequence[Exemption], actor: Actor) -> dict[int, Asked]:
    """The requests as the rule wants them, by id; of the hands in their tickets only whether the actor's is there."""
    ids = [row.id for row in rows]
    mine = select(ExemptedClock.exemption_id).where(ExemptedClock.exemption_id.in_(ids), acted_in(actor.user_id))
    own = set(session.scalars(mine.distinct()))
    places: dict[int, list[int | None]] = {}
    statement = select(ExemptedClock.exemption_id, Organisation.province_id).join(
        Organisation, Organisation.id == ExemptedClock.organisation_id
    )
    for exemption_id, province_id in session.execute(statement.where(ExemptedClock.exemption_id.in_(ids)).distinct()):
        places.setdefault(exemption_id, []).append(province_id)
    return {
        row.id: Asked(
            row.reason, row.tickets, row.area_id, tuple(places.get(row.id, ())),
            {row.asked_by_id} | ({actor.user_id} if row.id in own else set()), row.system_real,
        ) for row in rows
    }  # fmt: skip


def acted_in(user_id: int | None) -> ColumnElement[bool]:
    """Whether the person wrote or did something in the exempted run's ticket; looking is no act."""
    return exists().where(
        entries.of_ticket(ExemptedClock.ticket_id), Event.actor_id == user_id, Event.type.not_in(NO_ACT)
    )


def run(now: datetime, limit: int = 200) -> int:
    """Go on with what is decided and not marked everywhere yet; the number of tickets marked (the scheduler).

    All of them have their turn: an area's is not done before its span is over, and would hold up what came after it.
    """
    exemption_entries.run(now, limit)
    with write() as session:
        undone = select(Exemption.id).where(Exemption.done_at.is_(None), Exemption.state != "asked")
        ids = list(session.scalars(undone.order_by(Exemption.id)))
    return sum(apart(log, f"exemption {exemption_id}", carry_out, exemption_id, now, limit) for exemption_id in ids)


def carry_out(exemption_id: int, now: datetime, limit: int) -> int:
    """Mark the clocks of up to `limit` tickets, each ticket in its own transaction; the number of tickets marked.

    What was asked has its entry first, so that a ticket never tells of a decision before the request.
    """
    exemption_entries.go_on(exemption_id, now, limit)
    with write() as session:
        row = session.get_one(Exemption, exemption_id)
        if row.area_id is not None and row.state == "granted":
            _gather(session, row, now, limit)
        wanted = MARK[row.state]
        found = select(ExemptedClock.ticket_id).where(
            ExemptedClock.exemption_id == row.id, ExemptedClock.state.in_(_unmarked(row.state))
        )  # fmt: skip
        tickets = list(session.scalars(found.distinct().order_by(ExemptedClock.ticket_id).limit(limit)))
        if not tickets and _over(row, now) and not _wanted(session, row):
            row.done_at = now
    for ticket_id in tickets:
        with write() as session:
            _mark(session, exemption_id, ticket_id, wanted, now)
    return len(tickets)


def _unmarked(state: str) -> tuple[str, ...]:
    return ("asked", "exempt") if state == "revoked" else ("asked",)


def _wanted(session: Session, row: Exemption) -> bool:
    parts = select(ExemptedClock.clock_id).where(ExemptedClock.exemption_id == row.id)
    return session.scalar(parts.where(ExemptedClock.state == exemption_entries.WANTED).limit(1)) is not None


def _over(row: Exemption, now: datetime) -> bool:
    """Whether nothing can be added any more: an area's span goes on until it is over."""
    return row.state != "granted" or row.area_id is None or (row.until_at is not None and row.until_at < now)


def _gather(session: Session, row: Exemption, now: datetime, limit: int) -> None:
    """Take in site clocks that were decided in the span in that area, without tickets in which the decider acted."""
    decided = case((Clock.stopped_at < Clock.due_at, Clock.stopped_at), else_=Clock.due_at)
    until = min(now, row.until_at) if row.until_at else now
    late = and_(Clock.stopped_at.is_(None), Clock.state != "paused", Clock.due_at <= now)
    known = exists().where(ExemptedClock.exemption_id == row.id, ExemptedClock.clock_id == Clock.id)
    own = exists().where(
        entries.of_ticket(Clock.ticket_id), Event.actor_id == row.decided_by_id, Event.type.not_in(NO_ACT)
    )
    statement = select(Clock.id, Clock.ticket_id, Clock.organisation_id).join(
        Organisation, Organisation.id == Clock.organisation_id
    ).where(
        Clock.kind.in_(rule.KINDS), Clock.state != "void", Clock.due_at >= row.from_at, decided >= row.from_at,
        decided <= until, or_(Clock.stopped_at.is_not(None), late), ~known, ~own,
    )  # fmt: skip
    if row.area_id != rule.NETWORK:
        statement = statement.where(Organisation.province_id == row.area_id)
    found = session.execute(statement.order_by(Clock.id).limit(limit)).all()
    for clock_id, ticket_id, organisation_id in found:
        values = {
            "exemption_id": row.id, "clock_id": clock_id, "ticket_id": ticket_id, "organisation_id": organisation_id,
        }  # fmt: skip
        session.execute(insert_ignoring(session, ExemptedClock).values(**values, state="asked"))
    exemption_scopes.admit(session, row, {organisation_id for _clock, _ticket, organisation_id in found})
    counts = select(func.count(), func.count(ExemptedClock.ticket_id.distinct()))
    row.clocks, row.tickets = session.execute(counts.where(ExemptedClock.exemption_id == row.id)).one()


def _mark(session: Session, exemption_id: int, ticket_id: int, wanted: str, now: datetime) -> None:
    ticket = moves.locked_ticket(session, ticket_id)
    row = session.get_one(Exemption, exemption_id)
    statement = select(ExemptedClock).where(
        ExemptedClock.exemption_id == exemption_id, ExemptedClock.ticket_id == ticket_id,
        ExemptedClock.state.in_(_unmarked(row.state)),
    )  # fmt: skip
    parts = list(session.scalars(for_update(statement).execution_options(populate_existing=True)))
    if not parts or MARK[row.state] != wanted:
        return  # somebody else was here, or changed their mind, since it was read
    by = decider(session, row)
    for part in parts:
        _one(session, ticket, row, part, by, now)
    if row.reason == rule.MALICIOUS:
        ticket.malicious = "granted" if wanted == "exempt" else ""
    event = session.scalars(
        select(Event).where(entries.of_ticket(ticket.id)).order_by(Event.seq.desc()).limit(1)
    ).one()  # fmt: skip
    at = ticket.activity_at
    desk.finish(session, ticket, event, now)
    ticket.activity_at = at


def _one(session: Session, ticket: Ticket, row: Exemption, part: ExemptedClock, by: Actor, now: datetime) -> None:
    """Mark one run and say so. A run that another exemption covers too stays out of the measures."""
    clock = session.get_one(Clock, part.clock_id)
    before, part.state = part.state, MARK[row.state]
    clock.exempt = part.state == "exempt" or (clock.exempt and _covered(session, part))
    kinds = {"granted": "clock_exempted", "refused": "exemption_refused", "revoked": "exemption_revoked"}
    data = {
        "kind": clock.kind, "run": clock.run, "exemption_id": row.id, "reason": row.reason,
        "organisation_id": clock.organisation_id, "was": before,
    }  # fmt: skip
    text = {"text": row.decision} if row.decision and row.state != "granted" else None
    journal.append(session, ticket, kinds[row.state], actor=by, now=now, data=data, text=text)
    session.flush()


def _covered(session: Session, part: ExemptedClock) -> bool:
    other = select(ExemptedClock.clock_id).where(
        ExemptedClock.clock_id == part.clock_id, ExemptedClock.exemption_id != part.exemption_id,
        ExemptedClock.state == "exempt",
    )  # fmt: skip
    return session.scalar(other.limit(1)) is not None


def decider(session: Session, row: Exemption) -> Actor:
    """Who decided, for the entries on the tickets."""
    user = session.get(User, row.decided_by_id)
    if user is None:
        raise NotFound("user_not_found")
    return Actor(user.id, user.role, user.organisation_id, None, user.name)


def _check(text: str, *, needed: bool) -> None:
    if needed and not text.strip():
        raise Invalid({"decision": "required"})
    if len(text.strip()) > DECISION_LIMIT:
        raise Invalid({"decision": "too_long"})
