"""What outlasts a row or a statement: locks of a whole table until the commit, of a name through many transactions, and
a picture that many statements read."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.models.dialect import POOLED


def lock_table(session: Session, table: Any) -> None:
    """Nobody else changes the table until the commit; who has begun to is waited for. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE {table.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))


@contextmanager
def hold(engine: Engine, key: str) -> Iterator[bool]:
    """Hold `key` through many transactions; gives whether it was free. A process that dies has let go of it."""
    if engine.dialect.name == "postgresql":
        with _held_by_connection(engine, key) as free:
            yield free
    elif engine.url.database and engine.url.database != ":memory:":
        with _held_by_file(Path(f"{engine.url.database}-{key}-lock")) as free:
            yield free
    else:
        yield True


@contextmanager
def _held_by_connection(engine: Engine, key: str) -> Iterator[bool]:
    call = "SELECT pg_{}(hashtextextended(coalesce(current_schema(), '') || :key, 0))"
    if engine.get_execution_options().get(POOLED):  # a session's lock would stay with a stranger: one transaction's
        with engine.connect() as connection:
            yield bool(connection.execute(text(call.format("try_advisory_xact_lock")), {"key": key}).scalar())
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        free = bool(connection.execute(text(call.format("try_advisory_lock")), {"key": key}).scalar())
        try:
            yield free
        finally:
            if free:
                connection.execute(text(call.format("advisory_unlock")), {"key": key})


@contextmanager
def _held_by_file(path: Path) -> Iterator[bool]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def one_picture(session: Session) -> None:
    """Begin a reading whose statements all see the database as at the first one; SQLite's readers see it like that."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
