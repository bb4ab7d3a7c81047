"""Writes what a session has changed in many stored rows: one UPDATE for those of a table that have changed alike.

The session's own flush sends a row at a time, and begins anew wherever the next row has changed in other columns.
Afterwards the objects are what a flush would have left. The rows must be locked already, or two who change the same
ones in another order would wait for each other.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from sqlalchemy import JSON, Connection, Table, bindparam, inspect, update
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.exc import StaleDataError

from app.models.several import listed, side_by_side

Keys = tuple[str, ...]
OWN = "of_row"  # the parameter that says which row is meant


def store(session: Session) -> None:
    """Store what is changed. New and deleted objects wait for the next flush, and so do those with changed JSON, where
    nothing at all is told from a null."""
    alike: dict[tuple[Mapper[Any], Keys], list[Any]] = {}
    for one in session.dirty:
        state = inspect(one)
        keys = _changed(state)
        if keys and not any(isinstance(state.mapper.columns[key].type, JSON) for key in keys):
            alike.setdefault((state.mapper, keys), []).append(state)
    connection = session.connection()
    for (mapper, keys), states in sorted(alike.items(), key=lambda item: (str(item[0][0].local_table), item[0][1])):
        _update(connection, mapper, keys, states)
        session._register_persistent(set(states))


def _changed(state: Any) -> Keys:
    """The attributes that are not what they were when they were read."""
    before, now = state.committed_state, state.dict
    return tuple(sorted(key for key, value in before.items() if key in now and now[key] != value))


def _update(connection: Connection, mapper: Mapper[Any], keys: Keys, states: list[Any]) -> None:
    (own,) = mapper.primary_key
    own_key = mapper.get_property_by_column(own).key
    rows = [{OWN: state.dict[own_key]} | {key: state.dict[key] for key in keys} for state in states]
    rows.sort(key=lambda row: row[OWN])
    many = connection.dialect.name == "postgresql" and len(rows) > 1
    found = connection.execute(_said(mapper, keys, many), side_by_side(rows) if many else rows)
    if found.rowcount != len(rows):
        raise StaleDataError(f"{mapper.local_table}: {found.rowcount} of {len(rows)} rows were there")


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
