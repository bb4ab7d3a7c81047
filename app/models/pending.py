"""Writes what a session has made and not stored yet: one INSERT a table, parents before children. PostgreSQL gets all
of them as one statement, since each way to the server and back counts there.

The session's own flush knows no order between tables that have no relationship, and costs as much again as the
statements that it makes. Afterwards the objects are what a flush would have left: rows of the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Table, insert, inspect
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import Mapper, Session

from app.models import in_one, straight
from app.models.in_one import Part
from app.models.several import rows_of, side_by_side

Way = Callable[[Any], Any]


@dataclass(frozen=True)
class _Plan:
    """How objects of a class become rows: the names of the columns, their attributes in the same order, the places of
    those that take a way to the driver, and what an attribute that is left out becomes."""

    said: str
    positional: bool
    names: tuple[str, ...]
    keys: tuple[str, ...]
    ways: tuple[tuple[int, Way], ...]
    known: frozenset[str]
    defaults: dict[str, Any]


def store(session: Session, beside: Sequence[Part] = (), changed: Iterable[Any] = ()) -> None:
    """Store every new object, and on PostgreSQL execute what is handed over `beside` them, which writes other rows;
    with it the states in `changed` are stored. Other changes of stored objects wait for the next flush; nothing is
    committed."""
    _store(session, beside)
    # what a flush does with what it has written; a rollback undoes it all the same
    if states := {*changed, *(inspect(one) for one in session.new)}:
        session._register_persistent(states)


def _store(session: Session, beside: Sequence[Part]) -> None:
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


@cache
def _order(metadata: Any) -> dict[Table, int]:
    return {table: place for place, table in enumerate(metadata.sorted_tables)}


def _insert(connection: Connection, objects: list[Any]) -> None:
    mapper = inspect(type(objects[0]))
    plan = _plan(mapper, connection.dialect)
    rows: list[Any] = [_row(plan, one) for one in objects]
    if plan.positional:
        connection.exec_driver_sql(plan.said, rows if len(rows) > 1 else rows[0])
    elif len(rows) == 1:
        straight.execute(connection, plan.said, rows[0])
    else:
        straight.execute(connection, _said(mapper, connection.dialect), side_by_side(rows))


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
    given = one.__dict__
    nothing = _fill(plan, given) if plan.known.difference(given) else ()
    values = [given[key] for key in plan.keys]
    for at, way in plan.ways:
        if plan.keys[at] not in nothing:
            values[at] = way(values[at])
    return tuple(values) if plan.positional else dict(zip(plan.names, values, strict=True))


def _fill(plan: _Plan, given: dict[str, Any]) -> set[str]:
    """Set what is left out to its default; the keys that have none are NULL, which is not what JSON calls null."""
    missing = plan.known.difference(given)
    for key in missing:
        default = plan.defaults[key]
        given[key] = default if default is None else default.arg(None) if default.is_callable else default.arg
    return {key for key in missing if plan.defaults[key] is None}


@cache
def _plan(mapper: Mapper[Any], dialect: Dialect) -> _Plan:
    table = mapper.local_table
    keys = {column.name: mapper.get_property_by_column(column).key for column in table.columns}
    compiled = insert(cast(Table, table)).values(dict.fromkeys(keys)).compile(dialect=dialect)
    names = tuple(compiled.positiontup or keys)
    ways = [(at, way) for at, name in enumerate(names) if (way := _way(table.c[name].type, dialect)) is not None]
    defaults = {key: table.c[name].default for name, key in keys.items()}
    of = tuple([keys[name] for name in names])
    return _Plan(str(compiled), bool(compiled.positiontup), names, of, tuple(ways), frozenset(of), defaults)


def _way(kind: Any, dialect: Dialect) -> Way | None:
    found: Way | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found
