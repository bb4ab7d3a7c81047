"""Where the engines differ in writing rows whose keys may be there already, and in how many go at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import in_one, straight
from app.models.in_one import Part
from app.models.several import rows_of, side_by_side


def insert_new(session: Session, table: Any, values: dict[str, Any]) -> bool:
    """Insert a row unless its key is there already; whether it is new. The statement is made once a process."""
    dialect, connection = session.get_bind().dialect, session.connection()
    statement = _ignoring(table.__table__, tuple(sorted(values)), dialect.name == "postgresql")
    if dialect.name != "postgresql":
        return bool(connection.execute(statement, values).rowcount == 1)
    part = in_one.part(statement, dialect, values)
    return bool(straight.execute(connection, part.said, part.values).rowcount == 1)


def insert_all_new(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    """The same for many rows with the same columns."""
    _at_once(session, _ignoring, table.__table__, rows)


@cache
def _ignoring(table: Table, names: tuple[str, ...], postgres: bool, many: bool = False) -> Any:
    statement = _of_rows(table, names, postgres, many).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)


def upsert_add(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    """Add each row's `n` to the row of a counter table with the same key, making it when it is not there.

    The keys differ from each other; whoever adds to several hands them over in one order, so that two never wait for
    each other in a circle.
    """
    _at_once(session, _adding, table.__table__, rows)


def upsert_add_all(session: Session, given: Sequence[tuple[Any, list[dict[str, Any]]]]) -> None:
    """The same for several tables, which everybody names in one order, too."""
    if session.get_bind().dialect.name == "postgresql":
        if parts := [one for table, rows in given for one in _part(session, _adding, table.__table__, rows)]:
            in_one.execute(session.connection(), parts[::-1])  # so that rows are locked in the order that was given
        return
    for table, rows in given:
        upsert_add(session, table, rows)


def _part(session: Session, make: Callable[..., Any], table: Table, rows: list[dict[str, Any]]) -> list[Part]:
    """It for the rows, however many, to be executed with others; nothing where there are none. PostgreSQL only."""
    if not rows:
        return []
    statement = make(table, tuple(sorted(rows[0])), True, True)
    return [in_one.part(statement, session.get_bind().dialect, side_by_side(rows))]


def _at_once(session: Session, make: Callable[..., Any], table: Table, rows: list[dict[str, Any]]) -> None:
    """Execute it for the rows: on PostgreSQL as one statement, because each way to it and back counts."""
    if not rows:
        return
    dialect = session.get_bind().dialect
    postgres, names = dialect.name == "postgresql", tuple(sorted(rows[0]))
    if not postgres:
        session.connection().execute(make(table, names, False, False), rows)
    elif len(rows) > 1:
        in_one.execute(session.connection(), _part(session, make, table, rows))
    else:
        in_one.execute(session.connection(), [in_one.part(make(table, names, True, False), dialect, rows[0])])


def _of_rows(table: Table, names: tuple[str, ...], postgres: bool, many: bool) -> Any:
    statement: Any = (postgresql.insert if postgres else sqlite.insert)(table)
    if many:
        return statement.from_select(names, rows_of(table, names))
    return statement.values({name: bindparam(name) for name in names})


@cache
def _adding(table: Table, names: tuple[str, ...], postgres: bool, many: bool) -> Any:
    statement = _of_rows(table, names, postgres, many)
    keys, added = [name for name in names if name != "n"], table.c.n + statement.excluded.n
    return statement.on_conflict_do_update(index_elements=keys, set_={"n": added})


def upsert(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    """Write rows with the same columns, each in the place of the one that has its primary key."""
    _at_once(session, _replacing, table.__table__, rows)


def upsert_part(session: Session, table: Any, rows: list[dict[str, Any]]) -> list[Part]:
    """The same to be executed with others; nothing where there are no rows. PostgreSQL only."""
    return _part(session, _replacing, table.__table__, rows)


@cache
def _replacing(table: Table, names: tuple[str, ...], postgres: bool, many: bool) -> Any:
    statement = _of_rows(table, names, postgres, many)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)
