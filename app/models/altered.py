"""Writes what a session has changed in stored rows: one UPDATE for those of a table that have changed alike.

The session's own flush sends a row at a time, and begins anew wherever the next row has changed in other columns.
Afterwards the objects are what a flush would have left. The rows must be locked already, or two who change the same
ones in another order would wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import JSON, Connection, Table, bindparam, inspect, update
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.exc import StaleDataError

from app.models import in_one
from app.models.in_one import Part
from app.models.several import listed, side_by_side

Keys = tuple[str, ...]
OWN = "of_row"  # the parameter that says which row is meant


@dataclass(frozen=True)
class _Alike:
    """Rows of one table that have changed in the same columns, by their keys."""

    mapper: Mapper[Any]
    keys: Keys
    states: list[Any]

    def rows(self) -> list[dict[str, Any]]:
        """What each of them says."""
        own = self.mapper.get_property_by_column(self.mapper.primary_key[0]).key
        rows = [{OWN: one.dict[own]} | {key: one.dict[key] for key in self.keys} for one in self.states]
        return sorted(rows, key=lambda row: row[OWN])


def store(session: Session) -> None:
    """Store what is changed. New and deleted objects wait for the next flush, and so do those with changed JSON, where
    nothing at all is told from a null, and those whose key has several columns."""
    connection = session.connection()
    for some in _found(session, lambda _one: True):
        _update(connection, some)
        session._register_persistent(set(some.states))


def parts(session: Session, ours: Callable[[Any], bool]) -> tuple[list[Part], set[Any]]:
    """The same of those objects that are `ours`, to be executed with other statements, and their states: once it is
    done they are rows of the session (`store` in `models/pending`). They must lie under a lock: a row that is gone
    would not be missed. PostgreSQL only."""
    dialect, made, states = session.get_bind().dialect, [], set()
    for some in _found(session, ours):
        rows = some.rows()
        many = len(rows) > 1
        made.append(in_one.part(_said(some.mapper, some.keys, many), dialect, side_by_side(rows) if many else rows[0]))
        states.update(some.states)
    return made, states


def _found(session: Session, ours: Callable[[Any], bool]) -> list[_Alike]:
    alike: dict[tuple[Mapper[Any], Keys], list[Any]] = {}
    for one in session.dirty:
        state = inspect(one)
        keys = _changed(state) if ours(one) and len(state.mapper.primary_key) == 1 else ()
        if keys and not any(isinstance(state.mapper.columns[key].type, JSON) for key in keys):
            alike.setdefault((state.mapper, keys), []).append(state)
    some = sorted(alike.items(), key=lambda item: (str(item[0][0].local_table), item[0][1]))
    return [_Alike(mapper, keys, states) for (mapper, keys), states in some]


def _changed(state: Any) -> Keys:
    """The attributes that are not what they were when they were read."""
    before, now = state.committed_state, state.dict
    return tuple(sorted(key for key, value in before.items() if key in now and now[key] != value))


def _update(connection: Connection, some: _Alike) -> None:
    rows = some.rows()
    many = connection.dialect.name == "postgresql" and len(rows) > 1
    found = connection.execute(_said(some.mapper, some.keys, many), side_by_side(rows) if many else rows)
    if found.rowcount != len(rows):
        raise StaleDataError(f"{some.mapper.local_table}: {found.rowcount} of {len(rows)} rows were there")


@cache
def _said(mapper: Mapper[Any], keys: Keys, many: bool) -> Any:
    (own,) = mapper.primary_key
    columns = {key: mapper.columns[key] for key in keys}
    if many:
        given = listed({OWN: own, **columns}).c
    else:
        given = {name: bindparam(name, type_=column.type) for name, column in {OWN: own, **columns}.items()}
    changed = update(cast(Table, mapper.local_table)).where(own == given[OWN])
    return changed.values({column.name: given[key] for key, column in columns.items()})
