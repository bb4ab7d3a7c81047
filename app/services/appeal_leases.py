"""Who has which appeal before them: taken one at a time, kept by activity, given back (rulebook 3.13, 3.17).

A lease is no step of the ticket's life and leaves no event: it only keeps two people from doing the same work.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, false, func, literal_column, or_, select, true, update
from sqlalchemy.orm import Session

from app.domain import appeals as rule
from app.domain.errors import NotAllowed, Stale
from app.domain.lifecycle import APPEALED
from app.domain.roles import Actor
from app.models import Appeal, AppealLease, Ticket
from app.models.dialect import changed, insert_ignoring, lock_key
from app.services import hands, scope
from app.services.transaction import write

TRIED = 20  # of the most urgent ones, should somebody be quicker
EVIDENCE = "evidence"
# as the partial index says it, or SQLite does not see that it serves
_LITERAL: ColumnElement[str] = literal_column(f"'{APPEALED}'")


def take_next(*, actor: Actor, now: datetime, but: str = "") -> str:
    """The number of the appeal that the actor has already, else of the most urgent one that nobody has and on which
    the actor may rule: it is the actor's for ten minutes. Empty when there is none, or only the one named `but`."""
    with write() as session:
        lock_key(session, "appeal-stream")  # nobody is sent away while another one only looks at what he may not rule
        if had := mine(session, actor, now):
            return had
        free = or_(AppealLease.holder_id.is_(None), AppealLease.until <= now)
        may = (free, ~hands.own_appeal(actor), Ticket.number != but)
        for ticket_id, number in in_order(session, open_appeals(actor, Ticket.id, Ticket.number), now, TRIED, *may):
            if _grab(session, ticket_id, actor, now, over=False):
                return str(number)
        return ""


def take(*, actor: Actor, number: str, now: datetime) -> None:
    """Take exactly this appeal; what the actor had before is given back. A manager takes it over from whoever has it.

    Raises NotFound, NotAllowed ("no_appeal", "own_work"), Stale ("appeal_taken").
    """
    with write() as session:
        lock_key(session, "appeal-stream")
        ticket = scope.load(session, actor, number)
        if ticket.state != APPEALED:
            raise NotAllowed("no_appeal")
        hands.refuse(session, ticket, actor)
        hands.refuse_own_decision(session, ticket, actor)
        let_go(session, actor.user_id, but=ticket.id)
        if not _grab(session, ticket.id, actor, now, over=actor.can("appeal_takeover")):
            raise Stale("appeal_taken")


def keep(*, actor: Actor, number: str, now: datetime) -> bool:
    """A sign of life: ten more minutes. False when it is not the actor's any more."""
    with write() as session:
        ticket = scope.load(session, actor, number)
        own = update(AppealLease).where(AppealLease.ticket_id == ticket.id, AppealLease.holder_id == actor.user_id)
        return changed(session, own.values(until=now + rule.LEASE)) == 1


def give_back(*, actor: Actor) -> None:
    """Whatever the actor had is free for the others."""
    with write() as session:
        let_go(session, actor.user_id)


def put_off(*, actor: Actor, number: str, now: datetime) -> None:
    """Leave it for an hour, waiting for evidence: it is given back and stands behind all the others.

    Raises NotFound, NotAllowed ("no_appeal"), Stale ("appeal_taken") when somebody else has it.
    """
    with write() as session:
        ticket = scope.load(session, actor, number)
        if ticket.state != APPEALED:
            raise NotAllowed("no_appeal")
        refuse_others(session, ticket, actor, now)
        session.execute(insert_ignoring(session, AppealLease).values(ticket_id=ticket.id))
        behind = {"later_until": now + rule.LATER, "why": EVIDENCE}
        own = update(AppealLease).where(AppealLease.ticket_id == ticket.id)
        session.execute(own.values(holder_id=None, since=None, until=None, **behind))


def mine(session: Session, actor: Actor, now: datetime) -> str:
    """The number of the appeal that the actor has; empty for none. Select only."""
    own = (AppealLease.holder_id == actor.user_id, AppealLease.until > now)
    found = open_appeals(actor, Ticket.number).where(*own).order_by(AppealLease.since.desc()).limit(1)
    return session.scalar(found) or ""


def let_go(session: Session, user_id: int | None, but: int | None = None) -> None:
    """Inside a change: a person who leaves holds nothing any more; `but` names the ticket that stays."""
    own = update(AppealLease).where(AppealLease.holder_id == user_id, AppealLease.ticket_id.is_distinct_from(but))
    session.execute(own.values(holder_id=None, since=None, until=None))


def refuse_others(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> None:
    """Raise Stale ("appeal_taken") while somebody else has the appeal; one's own time may be over."""
    lease = session.get(AppealLease, ticket.id, populate_existing=True)
    if lease is not None and rule.held_by_other(lease.holder_id, lease.until, actor.user_id, now):
        raise Stale("appeal_taken", version=ticket.version)


def end(session: Session, ticket: Ticket) -> None:
    """Nobody has to have it any more: it is ruled."""
    session.execute(delete(AppealLease).where(AppealLease.ticket_id == ticket.id))


def in_order(session: Session, found: Any, now: datetime, limit: int, *conditions: ColumnElement[bool]) -> list[Any]:
    """The first rows of `open_appeals` that meet conditions on the ticket and its lease, in the order of the stream: by
    due time, then by age; what waits for evidence comes last. Each part is read from its index up to the limit."""
    until, order = AppealLease.later_until, (Ticket.next_due_at, _of_open(Appeal.opened_at), Ticket.id)
    some = waiting().outerjoin(AppealLease, AppealLease.ticket_id == Ticket.id).where(*conditions)
    first = some.where(or_(until.is_(None), until <= now)).order_by(*order).limit(limit)
    rows = list(session.execute(found.where(Ticket.id.in_(first)).order_by(*order)).all())
    if len(rows) < limit:
        behind = some.where(until > now).order_by(until, *order).limit(limit - len(rows))
        rows += session.execute(found.where(Ticket.id.in_(behind)).order_by(until, *order)).all()
    return rows


def waiting() -> Any:
    """The ids of tickets with an open appeal. It is looked up ticket by ticket: as a join, PostgreSQL expects none and
    reads all before it sorts them."""
    return select(Ticket.id).where(Ticket.state == _LITERAL, func.coalesce(_of_open(true()), false()))


def _of_open(column: Any) -> Any:
    """A column of the ticket's open appeal."""
    one = select(column).where(Appeal.ticket_id == Ticket.id, Appeal.ruling == "").correlate(Ticket).limit(1)
    return one.scalar_subquery()


def open_appeals(actor: Actor, *columns: Any) -> Any:
    """Appealed tickets in the actor's scope with their open appeal and their lease, if any. Select only."""
    return (
        select(*columns)
        .select_from(Appeal)
        .join(Ticket, Ticket.id == Appeal.ticket_id)
        .outerjoin(AppealLease, AppealLease.ticket_id == Ticket.id)
        .where(Appeal.ruling == "", Ticket.state == _LITERAL, scope.visible_to(actor))
    )


def _grab(session: Session, ticket_id: int, actor: Actor, now: datetime, *, over: bool) -> bool:
    """One row a ticket, and an update that only one of two can make; none for an appeal that was ruled meanwhile."""
    session.execute(insert_ignoring(session, AppealLease).values(ticket_id=ticket_id))
    appealed = exists().where(Ticket.id == ticket_id, Ticket.state == APPEALED)
    taken = update(AppealLease).where(AppealLease.ticket_id == ticket_id, appealed)
    if not over:
        free = or_(AppealLease.holder_id.is_(None), AppealLease.until <= now, AppealLease.holder_id == actor.user_id)
        taken = taken.where(free)
    mine = {"holder_id": actor.user_id, "since": now, "until": now + rule.LEASE, "later_until": None, "why": ""}
    return changed(session, taken.values(**mine)) == 1
