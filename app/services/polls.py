"""How far a polled connection is read: windows that overlap, pages from the last to the first (interfaces, section 1).

A row can leave a window while it is read, because it changed again: what lay behind it moves one place to the front.
Read from the last page to the first nothing is passed over then. A row that comes late into a window that has passed
is in the next one, which begins before the end of this one. What is read twice is known by its keys.

Every step is guarded by a token: who lost its lease moves nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Connection, PlatformPoll
from app.models.dialect import changed, for_update, insert_ignoring
from app.services import connections
from app.services.connections import Door
from app.services.outbox import backoff
from app.services.transaction import write

LEASE = timedelta(seconds=120)  # longer than a page may take
LONGEST = timedelta(minutes=30)  # a window, by the platform's rule
LONGEST_PAUSE = 900.0  # seconds between two tries at a platform that fails
PAGE_SIZE, PAUSE, OVERLAP, LOOK_BACK = 100, 60, 5, 24  # rows; seconds, minutes, hours: settings of the connection


class Lost(Exception):
    """Another worker has this connection by now: what was read is stored, how far is for that one to say."""


@dataclass(frozen=True)
class Turn:
    """One claimed connection and the window that it reads, ends included. `page` is the next one; None: not counted."""

    door: Door
    token: int
    begin: datetime
    end: datetime
    page: int | None
    total: int
    size: int


def due(session: Session, now: datetime, drivers: Sequence[str]) -> list[int]:
    """Ids of the active connections of these drivers whose time has come."""
    statement = select(Connection.id).outerjoin(PlatformPoll, PlatformPoll.connection_id == Connection.id)
    statement = statement.where(Connection.active, Connection.driver.in_(drivers), Connection.callback_url != "")
    late = PlatformPoll.connection_id.is_(None) | (PlatformPoll.next_try_at <= now)
    return list(session.scalars(statement.where(late).order_by(Connection.id)))


def claim(*, connection_id: int, now: datetime) -> Turn | None:
    """Take a connection for two minutes: the window that was begun, else the next one. None when another has it."""
    with write() as session:
        connection = session.get_one(Connection, connection_id)
        door = connections.door_of(connection)
        first = now - timedelta(hours=_number(door, "look_back_hours", LOOK_BACK))
        session.execute(insert_ignoring(session, PlatformPoll).values(
            connection_id=connection_id, cursor_at=first, next_try_at=now, total=0, rows=0, token=0, attempts=0,
            error="",
        ))  # fmt: skip
        row = _locked(session, connection_id)
        if not connection.active or row.next_try_at > now or (row.lease_until and row.lease_until > now):
            return None
        row.token += 1
        row.lease_until = row.next_try_at = now + LEASE
        if row.page is None or row.window_from is None or row.window_to is None:
            row.window_from, row.window_to, row.page = *_window(row.cursor_at, now, door), None
        assert row.window_from and row.window_to  # noqa: S101 - just written
        size = int(min(PAGE_SIZE, max(1, _number(door, "page_size", PAGE_SIZE))))
        return Turn(door, row.token, row.window_from, row.window_to, row.page, row.total, size)


def counted(*, turn: Turn, total: int, now: datetime) -> Turn:
    """The window has `total` rows: its last page is the next. Raises Lost."""
    page = max(1, -(-total // turn.size))
    _write(turn, now, page=page, total=total)
    return replace(turn, page=page, total=total)


def stored(*, turn: Turn, total: int, rows: int, now: datetime) -> Turn | None:
    """The page is stored: on to the one before it, or to its last again where the window grew meanwhile. After the
    first one the window is done and the cursor moves; None then. Raises Lost.

    `total` is what the platform counted with this page.
    """
    assert turn.page is not None  # noqa: S101 - a page was read
    more = PlatformPoll.rows + rows
    if total > turn.total:
        page = max(1, -(-total // turn.size))
        _write(turn, now, page=page, total=total, rows=more, read_at=now, attempts=0, error="")
        return replace(turn, page=page, total=total)
    if turn.page > 1:
        _write(turn, now, page=turn.page - 1, total=total, rows=more, read_at=now, attempts=0, error="")
        return replace(turn, page=turn.page - 1, total=total)
    caught_up = now - turn.end < timedelta(seconds=_number(turn.door, "every_seconds", PAUSE))
    pause = timedelta(seconds=_number(turn.door, "every_seconds", PAUSE)) if caught_up else timedelta(0)
    _write(
        turn, now, page=None, window_from=None, window_to=None, cursor_at=turn.end, total=0, rows=more, read_at=now,
        attempts=0, error="", lease_until=None, next_try_at=now + pause,
    )  # fmt: skip
    return None


def paused(*, turn: Turn, now: datetime) -> None:
    """The time for one turn is over in the midst of a window: on from the same page in the next one. Raises Lost."""
    _write(turn, now, lease_until=None, next_try_at=now)


def failed(*, turn: Turn, code: str, text: str, now: datetime, retry_after: int | None = None) -> None:
    """A page did not come: again after a pause that grows, from the same place. Raises Lost."""
    with write() as session:
        row = _locked(session, turn.door.id)
        if row.token != turn.token:
            raise Lost
        row.attempts += 1
        longest = min(LONGEST_PAUSE, 12 * _number(turn.door, "every_seconds", PAUSE))
        pause = max(
            min(backoff(row.attempts), timedelta(seconds=longest)), timedelta(seconds=min(retry_after or 0, 900))
        )
        row.error, row.lease_until, row.next_try_at = f"{code}: {text}".strip(": ")[:200], None, now + pause


def _window(cursor: datetime, now: datetime, door: Door) -> tuple[datetime, datetime]:
    """From before the cursor, so that what showed up late is met again, and never into the future."""
    overlap = timedelta(minutes=min(25.0, _number(door, "overlap_minutes", OVERLAP)))
    begin = min(cursor, now) - overlap
    return begin, min(begin + LONGEST, now)


def _number(door: Door, name: str, default: float) -> float:
    return float(door.settings.get(name) or default)


def _locked(session: Session, connection_id: int) -> PlatformPoll:
    statement = for_update(select(PlatformPoll).where(PlatformPoll.connection_id == connection_id))
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def _write(turn: Turn, now: datetime, **values: Any) -> None:
    kept = {"lease_until": now + LEASE, "next_try_at": now + LEASE, **values}
    mine = update(PlatformPoll).where(PlatformPoll.connection_id == turn.door.id, PlatformPoll.token == turn.token)
    with write() as session:
        if changed(session, mine.values(**kept)) != 1:
            raise Lost
