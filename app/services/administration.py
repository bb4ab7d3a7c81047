"""The read side of the administrator's pages. Select only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Connection, Inbox, Organisation, PushRefusal, User

PAGE = 100


def organisations(session: Session, after: str = "") -> list[Any]:
    """Organisations in the order of their codes, a page at a time."""
    statement = select(Organisation).where(Organisation.code > after).order_by(Organisation.code).limit(PAGE + 1)
    return list(session.scalars(statement))


def users(session: Session, after: str = "") -> list[tuple[User, str]]:
    """Accounts with the names of their organisations, a page at a time."""
    statement = select(User, Organisation.name).join(Organisation, Organisation.id == User.organisation_id)
    rows = session.execute(statement.where(User.account > after).order_by(User.account).limit(PAGE + 1))
    return [(user, name) for user, name in rows]


def connections(session: Session) -> list[tuple[Connection, int, int]]:
    """Connections with the number of messages taken and of those in quarantine."""
    taken = select(Inbox.connection_id, func.count().label("n")).group_by(Inbox.connection_id).subquery()
    held = (
        select(Inbox.connection_id, func.count().label("n"))
        .where(Inbox.state == "quarantined")
        .group_by(Inbox.connection_id)
        .subquery()
    )
    statement = (
        select(Connection, func.coalesce(taken.c.n, 0), func.coalesce(held.c.n, 0))
        .outerjoin(taken, taken.c.connection_id == Connection.id)
        .outerjoin(held, held.c.connection_id == Connection.id)
        .order_by(Connection.code)
    )
    return [(row, n, bad) for row, n, bad in session.execute(statement)]


def refusals(session: Session) -> list[PushRefusal]:
    """Counts of refused messages, the newest day first."""
    return list(session.scalars(select(PushRefusal).order_by(PushRefusal.day.desc(), PushRefusal.reason).limit(PAGE)))
