"""Writes what a session has made and not stored yet: one INSERT a table, parents before children. PostgreSQL gets all
of them as one statement, since each way to the server and back counts there.

The session's own flush knows no order between tables that have no relationship, and costs as much again as the
statements that it makes. Afterwards the objects are what a flush would have left: rows of the session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Table, insert, inspect
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import Mapper, Session

from app.models.several import rows_of, side_by_side

Way = Callable[[Any], Any] | None
_MISSING = object()


@dataclass(frozen=True)
class _Plan:
    """How objects of a class become rows: for each column its attribute, its default and the way to the driver."""

    said: str
    positional: bool
    columns: tuple[tuple[str, str, Any, Way], ...]


def store(session: Session) -> None:
    """Store every new object. Changes of stored ones wait for the next flush; nothing is committed."""
    made: dict[Table, list[Any]] = {}
    for one in session.new:
        made.setdefault(inspect(type(one)).local_table, []).append(one)
    if not made:
        return
    connection = session.connection()
    order = _order(next(iter(made)).metadata)
    given = [made[table] for table in sorted(made, key=order.__getitem__)]
    if len(given) > 1 and connection.dialect.name == "postgresql":
        _insert_together(connection, given)
    else:
        for objects in given:
            _insert(connection, objects)
    # what a flush does with what it has written; a rollback undoes it all the same
    session._register_persistent({inspect(one) for some in made.values() for one in some})


@cache
def _order(metadata: Any) -> dict[Table, int]:
    return {table: place for place, table in enumerate(metadata.sorted_tables)}


def _insert(connection: Connection, objects: list[Any]) -> None:
    mapper = inspect(type(objects[0]))
    plan = _plan(mapper, connection.dialect)
    rows: list[Any] = [_row(plan, one) for one in objects]
    if plan.positional or len(rows) == 1:
        connection.exec_driver_sql(plan.said, rows if len(rows) > 1 else rows[0])
        return
    connection.exec_driver_sql(_said(mapper, connection.dialect), side_by_side(rows))


def _insert_together(connection: Connection, given: list[list[Any]]) -> None:
    """References are looked up at the end of the statement, when all of its rows are there."""
    values: dict[str, Any] = {}
    for n, objects in enumerate(given):
        plan = _plan(inspect(type(objects[0])), connection.dialect)
        rows = [_row(plan, one) for one in objects]
        found = side_by_side(rows) if len(rows) > 1 else rows[0]
        values.update({f"{_mark(n)}{name}": value for name, value in found.items()})
    kinds = tuple((inspect(type(objects[0])), len(objects) > 1) for objects in given)
    connection.exec_driver_sql(_said_together(kinds, connection.dialect), values)


@cache
def _said_together(kinds: tuple[tuple[Mapper[Any], bool], ...], dialect: Dialect) -> str:
    parts = [
        (_said(mapper, dialect) if several else _plan(mapper, dialect).said).replace("%(", f"%({_mark(n)}")
        for n, (mapper, several) in enumerate(kinds)
    ]
    before = ", ".join(f"{_mark(n)} AS ({part})" for n, part in enumerate(parts[:-1]))
    return f"WITH {before} {parts[-1]}"


def _mark(n: int) -> str:
    return f"new_{n}_"


@cache
def _said(mapper: Mapper[Any], dialect: Dialect) -> str:
    table = cast(Table, mapper.local_table)
    names = [column.name for column in table.columns]
    return str(insert(table).from_select(names, rows_of(table, names)).compile(dialect=dialect))


def _row(plan: _Plan, one: Any) -> Any:
    """What the object says; what it leaves out gets its default, as a flush would give it."""
    given, values = one.__dict__, []
    for _name, key, default, way in plan.columns:
        value = given.get(key, _MISSING)
        if value is _MISSING:
            value = given[key] = _default(default)
            if default is None:  # NULL, which is not what JSON calls null
                way = None
        values.append(value if way is None else way(value))
    return tuple(values) if plan.positional else dict(zip((name for name, *_ in plan.columns), values, strict=True))


def _default(default: Any) -> Any:
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


@cache
def _plan(mapper: Mapper[Any], dialect: Dialect) -> _Plan:
    table = mapper.local_table
    keys = {column.name: mapper.get_property_by_column(column).key for column in table.columns}
    compiled = insert(cast(Table, table)).values(dict.fromkeys(keys)).compile(dialect=dialect)
    names = compiled.positiontup or list(keys)
    columns = tuple((name, keys[name], table.c[name].default, _way(table.c[name].type, dialect)) for name in names)
    return _Plan(str(compiled), bool(compiled.positiontup), columns)


def _way(kind: Any, dialect: Dialect) -> Way:
    found: Way = kind.dialect_impl(dialect).bind_processor(dialect)
    return found
