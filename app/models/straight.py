"""A statement that goes straight to the driver: what a page reads is one row, of which nothing else need be known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, PoolProxiedConnection
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError


def heard(engine: Engine) -> bool:
    """Whether somebody listens to what is said to the engine: they hear only what goes through it."""
    return bool(engine.dispatch.before_cursor_execute or engine.dispatch.after_cursor_execute)


def row(engine: Engine, said: bytes, values: Mapping[str, Any]) -> Any:
    """The first row, read outside of a transaction on a connection of the engine's pool; of a large statement the
    engine's own way costs twice as much, mostly in what the processor has to fetch.

    None where there was no connection: the engine's way finds another, or says why there is none. Raises what the
    engine would for any other refusal.
    """
    refused = engine.dialect.loaded_dbapi.Error
    try:
        lent = engine.raw_connection()
    except refused:
        return None
    wire: Any = lent.driver_connection
    try:
        told = None
        if not wire.closed:
            wire.autocommit = True
            told = _told(wire, engine.dialect, said, values)
        return None if told is None else told.fetchone()
    finally:
        _give_back(lent, wire, refused)


def _give_back(lent: PoolProxiedConnection, wire: Any, refused: Any) -> None:
    try:
        wire.autocommit = False
    except refused:  # it is gone, or somebody was called away in the middle of an answer
        lent.invalidate()
    finally:
        lent.close()


def within(connection: Connection, said: str | bytes, values: Mapping[str, Any]) -> Any:
    """The driver's answer, in the transaction that a connection to PostgreSQL stands in. None where it must go the
    engine's way: no transaction is begun, somebody listens, or the connection is gone, which that way says. Raises as
    `row` does."""
    if connection.dialect.name != "postgresql" or not connection.in_transaction() or heard(connection.engine):
        return None
    return _told(connection.connection.driver_connection, connection.dialect, said, values)


def execute(connection: Connection, said: str | bytes, values: Mapping[str, Any]) -> Any:
    """The answer by either way: `rowcount`, `fetchone`."""
    found = within(connection, said, values)
    return connection.exec_driver_sql(_text(said), values) if found is None else found


def _text(said: str | bytes) -> str:
    return said if isinstance(said, str) else said.decode()


def _told(wire: Any, dialect: Dialect, said: str | bytes, values: Mapping[str, Any]) -> Any:
    refused = dialect.loaded_dbapi.Error
    try:
        return wire.execute(said, values)
    except refused as error:
        if wire.closed:
            return None
        raise DBAPIError.instance(_text(said), None, error, refused, hide_parameters=True) from error
