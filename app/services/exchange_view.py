"""The read side of the interfaces: connections, their messages and how far the polled ones are read. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.models import (
    Category,
    Connection,
    Inbox,
    MessageReveal,
    PlatformOrder,
    PlatformPoll,
    PushKey,
    Ticket,
    UnmappedCode,
    User,
)

PAGE = 50
MOST = 100  # a number beside a word is counted no further
STATES = ("quarantined", "conflict", "waiting", "replayed", "applied")


@dataclass(frozen=True)
class Line:
    """One message of the list, without its body."""

    id: int
    connection: str
    driver: str
    msg_type: str
    order_code: str
    received_at: datetime
    state: str
    error: str
    copies: int
    number: str


@dataclass(frozen=True)
class Message:
    """One message with all that is known of it; `body` is personal data and masked by whoever shows it."""

    line: Line
    row: Inbox
    connection: Connection
    settled_by: str
    reveals: list[tuple[datetime, str]]


def messages(
    session: Session, state: str = "", connection: str = "", before: int | None = None, limit: int = PAGE
) -> list[Line]:  # fmt: skip
    """Messages, the newest first; one more than `limit` if there is one. `connection` is a code."""
    statement = _lines()
    if state:
        statement = statement.where(Inbox.state == state)
    if connection:
        statement = statement.where(Inbox.connection_id == _id_of(session, connection))
    if before and 0 < before < 2**63:
        statement = statement.where(Inbox.id < before)
    return [Line(*row) for row in session.execute(statement.order_by(Inbox.id.desc()).limit(limit + 1))]


def count(session: Session, state: str, connection: str, below: int, most: int) -> int:
    """How many messages lie below an id, at most `most`; empty filters take all."""
    statement = select(Inbox.id).where(Inbox.id < below)
    if state:
        statement = statement.where(Inbox.state == state)
    if connection:
        statement = statement.where(Inbox.connection_id == _id_of(session, connection))
    return session.scalar(select(func.count()).select_from(statement.limit(most).subquery())) or 0


def message(session: Session, message_id: int) -> Message:
    """One message. Raises NotFound."""
    found = session.execute(_lines().where(Inbox.id == message_id)).one_or_none() if message_id < 2**63 else None
    if found is None:
        raise NotFound("message_not_found")
    row = session.get_one(Inbox, message_id)
    by = session.get(User, row.settled_by_id) if row.settled_by_id else None
    looked = select(MessageReveal.at, User.name).join(User, User.id == MessageReveal.user_id)
    looked = looked.where(MessageReveal.inbox_id == message_id).order_by(MessageReveal.id.desc()).limit(20)
    return Message(
        Line(*found), row, session.get_one(Connection, row.connection_id), by.name if by else "",
        [(at, name) for at, name in session.execute(looked)],
    )  # fmt: skip


def connection(session: Session, code: str) -> tuple[Connection, PlatformPoll | None]:
    """A connection by its code with how far it is read. Raises NotFound."""
    row = session.scalars(select(Connection).where(Connection.code == code)).one_or_none() if "\0" not in code else None
    if row is None:
        raise NotFound("connection_not_found")
    return row, session.get(PlatformPoll, row.id)


def connections(session: Session) -> list[tuple[Connection, datetime | None, int, PlatformPoll | None]]:
    """Connections with the arrival of their last message, how many lie in quarantine (at most 100), and their poll."""
    last = select(func.max(Inbox.id)).where(Inbox.connection_id == Connection.id).correlate(Connection)
    held = select(Inbox.id).where(Inbox.state == "quarantined", Inbox.connection_id == Connection.id).limit(MOST)
    counted = select(func.count()).select_from(held.correlate(Connection).subquery()).correlate(Connection)
    statement = (
        select(Connection, Inbox.received_at, counted.scalar_subquery(), PlatformPoll)
        .outerjoin(Inbox, Inbox.id == last.scalar_subquery())
        .outerjoin(PlatformPoll, PlatformPoll.connection_id == Connection.id)
        .order_by(Connection.code)
    )
    return [(row, at, n, poll) for row, at, n, poll in session.execute(statement)]


def unmapped(session: Session) -> list[tuple[Connection, UnmappedCode]]:
    """Category codes that came without a map and have none yet, the most frequent first."""
    statement = select(Connection, UnmappedCode).join(Connection, Connection.id == UnmappedCode.connection_id)
    rows = session.execute(statement.order_by(UnmappedCode.n.desc(), UnmappedCode.code).limit(MOST))
    ours = set(session.scalars(select(Category.code)))
    return [(one, code) for one, code in rows if one.category_map.get(code.code, code.code) not in ours]


def _lines() -> Any:
    same = and_(
        PushKey.connection_id == Inbox.connection_id, PushKey.msg_type == Inbox.msg_type,
        PushKey.order_code == Inbox.order_code, PushKey.event_key == Inbox.event_key,
    )  # fmt: skip
    order = and_(PlatformOrder.connection_id == Inbox.connection_id, PlatformOrder.code == Inbox.order_code)
    return (
        select(
            Inbox.id, Connection.name, Connection.driver, Inbox.msg_type, Inbox.order_code, Inbox.received_at,
            Inbox.state, Inbox.error, func.coalesce(PushKey.copies, 0), func.coalesce(Ticket.number, ""),
        )
        .join(Connection, Connection.id == Inbox.connection_id)
        .outerjoin(PushKey, same)
        .outerjoin(PlatformOrder, order)
        .outerjoin(Ticket, Ticket.id == PlatformOrder.ticket_id)
    )  # fmt: skip


def _id_of(session: Session, code: str) -> int:
    """A connection's id; 0, which nothing has, for a code that is none."""
    return session.scalar(select(Connection.id).where(Connection.code == code.replace("\0", ""))) or 0


def codes(session: Session) -> list[tuple[str, str]]:
    """Codes and names of all connections."""
    rows = session.execute(select(Connection.code, Connection.name).order_by(Connection.code))
    return [(code, name) for code, name in rows]
