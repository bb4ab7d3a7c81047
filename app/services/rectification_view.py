"""The read side of rectification forms: lists in scope, one form with its entries, recurrences. Select only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, select, true
from sqlalchemy.orm import Session, aliased

from app.domain import rectifications as rule
from app.domain.errors import NotFound
from app.domain.roles import Actor
from app.models import Organisation, Rectification, RectificationEntry, User
from app.services import scope

PAGE = 50
LATE = "late"
FILTERS = (*rule.STATES, LATE, "again")
COUNTED = 99


@dataclass(frozen=True)
class Line:
    """One form of the list with its organisation; `number_before` is the form that it repeats."""

    row: Rectification
    place: Organisation
    number_before: str


@dataclass(frozen=True)
class Shown:
    """One form as its page shows it: `entries` with who made each, the ticket's number (empty for none in scope)."""

    row: Rectification
    place: Organisation
    before: Rectification | None
    entries: list[tuple[RectificationEntry, str]]
    asked_by: str
    ticket: str


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """The condition on `rectification`: a manager's own, the province's, all for headquarters, none for others."""
    if not actor.can("rectifications"):
        return false()
    if actor.desk == "site":
        return Rectification.organisation_id == actor.organisation_id
    if actor.desk == "lcs":
        return Rectification.province_id == actor.province_id
    return true() if actor.desk == "ccs" else false()


def listed(
    session: Session, actor: Actor, which: str, now: datetime, *, month: str = "", below: int | None = None,
    limit: int = PAGE,
) -> list[Line]:  # fmt: skip
    """Forms in scope by falling id below `below`, one more than `limit` where there are more. `which` is one of
    FILTERS, or empty for all."""
    earlier = aliased(Rectification)
    columns: tuple[Any, ...] = (Rectification, Organisation, earlier.number)
    statement: Select[Any] = (
        select(*columns)
        .outerjoin(Organisation, Organisation.id == Rectification.organisation_id)  # each has one: never site by site
        .outerjoin(earlier, earlier.id == Rectification.repeat_of_id)
        .where(seen_by(actor), _which(which, now))
    )
    if month:
        statement = statement.where(Rectification.month == month)
    if below is not None:
        statement = statement.where(Rectification.id < below)
    rows = session.execute(statement.order_by(Rectification.id.desc()).limit(limit + 1))
    return [Line(row, place, number or "") for row, place, number in rows]


def _which(which: str, now: datetime) -> ColumnElement[bool]:
    if which == LATE:
        return and_(Rectification.state == rule.ASKED, Rectification.due_at < now)
    if which == "again":
        return Rectification.repeat_of_id.is_not(None)
    return Rectification.state == which if which in rule.STATES else true()


def badge(actor: Actor) -> Any:
    """What waits for the actor's desk, as a column of a statement: to fill in, or to accept."""
    waits = rule.ASKED if actor.desk == "site" else rule.FILLED
    mine = select(Rectification.id).where(seen_by(actor), Rectification.state == waits).limit(COUNTED + 1)
    return select(func.count()).select_from(mine.subquery()).scalar_subquery()


def show(session: Session, actor: Actor, number: str) -> Shown:
    """One form in scope with all that happened to it. Raises NotFound."""
    found = session.execute(
        select(Rectification, Organisation, User.name)
        .join(Organisation, Organisation.id == Rectification.organisation_id)
        .outerjoin(User, User.id == Rectification.asked_by_id)
        .where(Rectification.number == number, seen_by(actor))
    ).one_or_none()
    if found is None:
        raise NotFound("rectification_not_found")
    row, place, asked_by = found
    ticket = scope.number_of(session, actor, row.ticket_id) if row.ticket_id else ""
    entries = select(RectificationEntry, User.name).outerjoin(User, User.id == RectificationEntry.user_id)
    rows = session.execute(entries.where(RectificationEntry.rectification_id == row.id).order_by(RectificationEntry.id))
    before = session.get(Rectification, row.repeat_of_id) if row.repeat_of_id else None
    return Shown(row, place, before, [(one, name or "") for one, name in rows], asked_by or "", ticket)


def number_of_entry(session: Session, actor: Actor, entry_id: int) -> str:
    """The number of the form in scope to which an entry belongs. Raises NotFound."""
    mine = select(Rectification.number).join(
        RectificationEntry, RectificationEntry.rectification_id == Rectification.id
    )
    number = session.scalar(mine.where(RectificationEntry.id == entry_id, seen_by(actor)))
    if number is None:
        raise NotFound("rectification_not_found")
    return number


def earlier(
    session: Session, organisation_id: int, grounds: Sequence[Mapping[str, object]], since: datetime
) -> int | None:
    """The newest form of an organisation since then that shares a ground, if any."""
    rows = session.execute(
        select(Rectification.id, Rectification.grounds)
        .where(Rectification.organisation_id == organisation_id, Rectification.asked_at >= since)
        .order_by(Rectification.id.desc()).limit(100)
    )  # fmt: skip
    return next((key for key, theirs in rows if rule.same(grounds, theirs)), None)


def recurrences(session: Session, actor: Actor, month: str) -> tuple[int, int]:
    """How many forms of a frozen month there are in scope, and how many of them are recurrences."""
    mine = select(func.count(), func.count(Rectification.repeat_of_id)).where(
        seen_by(actor), Rectification.month == month
    )
    total, again = session.execute(mine).one()
    return total, again
