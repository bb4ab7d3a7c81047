"""A statement that goes straight to the driver: what a page reads is one row, of which nothing else need be known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError


def heard(engine: Engine) -> bool:
    """Whether somebody listens to what is said to the engine: they hear only what goes through it."""
    return bool(engine.dispatch.before_cursor_execute or engine.dispatch.after_cursor_execute)


def row(engine: Engine, said: bytes, values: Mapping[str, Any]) -> Any:
    """The first row, read outside of a transaction on a connection of the engine's pool; of a large statement the
    engine's own way costs twice as much, mostly in what the processor has to fetch.

    None where the connection was gone: the engine's way finds another, or says why there is none. Raises what the
    engine would for any other refusal.
    """
    refused = engine.dialect.loaded_dbapi.Error
    lent = engine.raw_connection()
    wire: Any = lent.driver_connection
    try:
        wire.autocommit = True
        try:
            return wire.execute(said, values).fetchone()
        finally:
            if not wire.closed:
                wire.autocommit = False
    except refused as error:
        if wire.closed:
            lent.invalidate(error)
            return None
        raise DBAPIError.instance(said.decode(), None, error, refused, hide_parameters=True) from error
    finally:
        lent.close()
