"""Who has which audit before them: one at a time, never two the same, and nobody their own work (rulebook 3.13)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Exists, and_, exists, false, or_, select, text, update
from sqlalchemy.orm import Session, aliased

from app.domain import audits as rule
from app.domain.audit_sample import RECHECK
from app.domain.errors import NotFound, Stale
from app.domain.roles import Actor
from app.models import Audit
from app.models.assessment import AUDIT_ORDER, OF_HEADQUARTERS, OF_PROVINCE
from app.models.dialect import changed, for_update, lock_key
from app.services import hands, scope
from app.services.transaction import write

TRIED = 20  # of the first ones, should somebody be quicker


def desk_of(actor: Actor) -> ColumnElement[bool]:
    """Whose audit it is: the province's own; headquarters re-checks, and takes what belongs to no province."""
    if actor.desk == "ccs":
        return or_(Audit.reason == RECHECK, Audit.province_id.is_(None))
    if actor.desk != "lcs":
        return false()
    return and_(Audit.reason != RECHECK, Audit.province_id == actor.province_id)


def _waiting(actor: Actor) -> ColumnElement[bool]:
    """Those of `desk_of` that nobody has marked."""
    if actor.desk == "ccs":
        return _as_stored(OF_HEADQUARTERS)
    if actor.desk != "lcs":
        return false()
    return and_(_as_stored(OF_PROVINCE), Audit.province_id == actor.province_id)


def _as_stored(condition: str) -> Any:
    """A condition in the very words of its index, which is taken then and only then."""
    return text(re.sub(r"\b(marked_at|reason|province_id)\b", r"audit.\1", condition))


def open_to(actor: Actor) -> ColumnElement[bool]:
    """Audits that wait at the actor's desk and on which the actor has no hand."""
    return and_(_waiting(actor), scope.looked_up(Audit.ticket_id, scope.visible_to(actor)), ~own_work(actor))


def own_work(actor: Actor) -> ColumnElement[bool]:
    """The actor wrote the result, did something in the ticket, or judged this very result before.

    Looked up for one audit after the other: of bare EXISTS under an OR PostgreSQL would first read whatever this person
    ever did and judged.
    """
    before = scope.one_by_one(judged(actor, Audit.result_event_id).correlate(Audit))
    return or_(
        Audit.author_id.is_not_distinct_from(actor.user_id), hands.acted(actor, hands.IN_AUDIT, Audit.ticket_id), before
    )


def judged(actor: Actor, result_event_id: Any) -> Exists:
    """The actor marked or revised an audit of that result."""
    other = aliased(Audit)
    by = or_(other.marked_by_id == actor.user_id, other.revised_by_id == actor.user_id)
    return exists().where(other.result_event_id == result_event_id, by)


def in_order() -> tuple[Any, ...]:
    """Red flags and appeals first, then the oldest draw."""
    return _as_stored(AUDIT_ORDER), Audit.day, Audit.id


def take_next(*, actor: Actor, now: datetime, but: int = 0) -> int:
    """The audit that the actor has, else the next one that nobody has: the actor's for ten minutes. 0 for none.

    `but` is left aside: the one that was just skipped.
    """
    with write() as session:
        lock_key(session, "audit-desk")
        if (had := mine(session, actor, now)) and had != but:
            return had
        let_go(session, actor)
        free = or_(Audit.held_until.is_(None), Audit.held_until <= now, Audit.holder_id == actor.user_id)
        waiting = select(Audit.id).where(open_to(actor), free, Audit.id != but).order_by(*in_order()).limit(TRIED)
        return next((found for found in session.scalars(waiting) if _grab(session, found, actor, now)), 0)


def take(*, actor: Actor, audit_id: int, now: datetime) -> None:
    """Take exactly this one; what the actor had before is given back. Raises NotFound, Stale ("audit_taken")."""
    with write() as session:
        lock_key(session, "audit-desk")
        if session.scalar(select(Audit.id).where(Audit.id == audit_id, open_to(actor))) is None:
            raise NotFound("audit_not_found")
        let_go(session, actor)
        if not _grab(session, audit_id, actor, now):
            raise Stale("audit_taken")


def keep(*, actor: Actor, audit_id: int, now: datetime) -> bool:
    """A sign of life: ten more minutes. False when it is not the actor's any more."""
    with write() as session:
        own = update(Audit).where(Audit.id == audit_id, Audit.holder_id == actor.user_id, Audit.marked_at.is_(None))
        return changed(session, own.values(held_until=now + rule.LEASE)) == 1


def give_back(*, actor: Actor) -> None:
    """Whatever the actor had is free for the others."""
    with write() as session:
        let_go(session, actor)


def mine(session: Session, actor: Actor, now: datetime) -> int:
    """The id of the audit that the actor has; 0 for none."""
    own = select(Audit.id).where(Audit.holder_id == actor.user_id, Audit.held_until > now, open_to(actor))
    return session.scalar(own.order_by(Audit.id).limit(1)) or 0


def let_go(session: Session, actor: Actor) -> None:
    """Inside a change: the actor holds nothing any more."""
    own = update(Audit).where(Audit.holder_id == actor.user_id, Audit.marked_at.is_(None))
    session.execute(own.values(holder_id=None, held_until=None))


def held_by_other(audit: Audit, actor: Actor, now: datetime) -> bool:
    """Whether somebody else has it now."""
    return audit.holder_id not in (None, actor.user_id) and audit.held_until is not None and audit.held_until > now


def _grab(session: Session, audit_id: int, actor: Actor, now: datetime) -> bool:
    row = session.scalars(for_update(select(Audit).where(Audit.id == audit_id), skip_locked=True)).one_or_none()
    if row is None or row.marked_at is not None or held_by_other(row, actor, now):
        return False
    row.holder_id, row.held_until = actor.user_id, now + rule.LEASE
    return True
