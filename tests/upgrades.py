"""The rule of an upgrade without a pause: while old and new processes run side by side the tables only grow.

A column or table that nobody needs any more goes in a release of its own, after the one whose code has stopped using it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Time,
    insert,
    update,
)
from sqlalchemy.exc import DBAPIError

RELEASE = "0053_control_room"  # the newest migration of the release that may still run beside the next one
# revision -> the tables that it takes something from, and since which release no code asks for that
CONTRACTS: dict[str, tuple[frozenset[str], str]] = {}


def faults(before: MetaData, after: MetaData) -> Iterator[str]:
    """What a process that knows `before` could not do any more with `after`."""
    for name, old in before.tables.items():
        new = after.tables.get(name)
        if new is None:
            yield f"{name} is gone"
            continue
        yield from (f"{name}.{column.name} is gone" for column in old.columns if column.name not in new.columns)
        for column in new.columns:
            known = old.columns.get(column.name)
            if known is None:
                if not column.nullable and column.server_default is None:
                    yield f"{name}.{column.name} is new, needed, and has no server default"
            elif known.nullable and not column.nullable:
                yield f"{name}.{column.name} is needed now"
            elif _narrower(known.type, column.type):
                yield f"{name}.{column.name} was {known.type!r} and is {column.type!r}"


def _narrower(old: Any, new: Any) -> bool:
    if isinstance(old, Integer) and isinstance(new, BigInteger):
        return False
    if type(old) is not type(new):
        return True
    was, is_now = getattr(old, "length", None), getattr(new, "length", None)
    return is_now is not None and (was is None or is_now < was)


def taken(connection: Connection, known: MetaData) -> set[str]:
    """The tables that take a row, and then a change of it, with exactly the columns of `known`; nothing stays."""
    return {table.name for table in known.tables.values() if _takes(connection, table)}


def _takes(connection: Connection, table: Table) -> bool:
    row = {column.name: _value(column.type) for column in table.columns}
    place = connection.begin_nested()
    try:
        connection.execute(insert(table).values(row))
        connection.execute(update(table).values(row))
    except DBAPIError:
        return False
    finally:
        place.rollback()
    return True


def _value(kind: Any) -> Any:
    values: tuple[tuple[Any, Any], ...] = (
        (Boolean, True), (Integer, 424242), (Numeric, 1), (DateTime, datetime(2026, 1, 1, tzinfo=UTC)),
        (Date, date(2026, 1, 1)), (Time, time(8)), (LargeBinary, b"x"), (JSON, {}),
    )  # fmt: skip
    return next((value for types, value in values if isinstance(kind, types)), "x")
