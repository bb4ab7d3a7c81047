"""Writes what a session has made and not stored yet: one INSERT a table, parents before children. PostgreSQL gets all
of them as one statement, since each way to the server and back counts there.

The session's own flush knows no order between tables that have no relationship, and costs as much again as the
statements that it makes. Afterwards the objects are what a flush would have left: rows of the session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Table, insert, inspect
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import Mapper, Session

from app.models import in_one
from app.models.in_one import Part
from app.models.several import rows_of, side_by_side

Way = Callable[[Any], Any] | None
_MISSING = object()


@dataclass(frozen=True)
class _Plan:
    """How objects of a class become rows: for each column its attribute, its default and the way to the driver."""

    said: str
    positional: bool
    columns: tuple[tuple[str, str, Any, Way], ...]


def store(session: Session, beside: Sequence[Part] = ()) -> None:
    """Store every new object, and on PostgreSQL execute what is handed over `beside` them, which writes other tables.
    Changes of stored objects wait for the next flush; nothing is committed."""
    made: dict[Table, list[Any]] = {}
    for one in session.new:
        made.setdefault(inspect(type(one)).local_table, []).append(one)
    connection = session.connection()
    if not made:
        if beside:
            in_one.execute(connection, beside)
        return
    order = _order(next(iter(made)).metadata)
    given = [made[table] for table in sorted(made, key=order.__getitem__)]
    if len(given) + len(beside) > 1 and connection.dialect.name == "postgresql":
        in_one.execute(connection, [*_parts(connection, given), *beside])
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


def _parts(connection: Connection, given: list[list[Any]]) -> list[Part]:
    found = []
    for objects in given:
        mapper = inspect(type(objects[0]))
        plan = _plan(mapper, connection.dialect)
        rows = [_row(plan, one) for one in objects]
        if len(rows) > 1:
            found.append(Part(_said(mapper, connection.dialect), side_by_side(rows)))
        else:
            found.append(Part(plan.said, rows[0]))
    return found


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
