"""Connections to PostgreSQL that are kept open: whether one is still alive, and how a page reads on it."""

from __future__ import annotations

import select
import time
from importlib import import_module
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

ASKED_AFTER = 1.0  # seconds without work, after which a connection is asked whether it is still alive
LONG, MANY = 40_000, 500  # characters and parameters of a statement that psycopg remembers the parts of
_BACK = "kuaifu_back"


def reading(engine: Engine) -> dict[Engine, Engine]:
    """The engine without transactions beside the one that writes, on the same connections; none for SQLite, where a
    page reads one picture and a transaction costs nothing."""
    if engine.dialect.name == "sqlite":
        return {}
    return {engine: engine.execution_options(isolation_level="AUTOCOMMIT")}


def ask_the_idle(engine: Engine) -> None:
    """Before a connection is used again the server is asked whether it is there, but not within a second of its last
    work unless something waits in the socket: a server that goes away says so. Each way to it and back counts."""

    def back(_connection: Any, record: Any) -> None:
        record.info[_BACK] = time.monotonic()

    def out(connection: Any, record: Any, _fairy: Any) -> None:
        since = record.info.get(_BACK)
        if since is None or (time.monotonic() - since < ASKED_AFTER and not _spoken_to(connection)):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", back)
    event.listen(engine, "checkout", out)


def _spoken_to(connection: Any) -> bool:
    """Whether the server has said something that nobody asked for, or hung up."""
    try:
        return bool(select.select([connection], [], [], 0)[0])
    except (OSError, ValueError):  # closed on this side
        return True


def remember_long_statements() -> None:
    """psycopg takes each statement of more than 4,096 characters or 50 parameters to pieces again each time, because
    others make such texts without end. Ours are few, and it keeps the last 128."""
    queries = import_module("psycopg._queries")
    for name, most in (("MAX_CACHED_STATEMENT_LENGTH", LONG), ("MAX_CACHED_STATEMENT_PARAMS", MANY)):
        if hasattr(queries, name):  # its own matter: a psycopg without them is as good
            setattr(queries, name, most)
