"""Several rows in one statement, which is the same however many they are: PostgreSQL takes each column as an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import String, Table, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY


def batched(rows: list[Any], size: int) -> list[list[Any]]:
    """The rows in their order, at most so many together."""
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def side_by_side(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The parameters of `rows_of` for these rows."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def rows_of(table: Table, names: Sequence[str]) -> Any:
    """What an INSERT takes its rows from on PostgreSQL. A statement with each value by itself would be another one for
    each number of rows, made anew every time and too long for the driver to remember."""
    return select(listed({name: table.c[name] for name in names}))


def listed(columns: Mapping[str, Any]) -> Any:
    """The same as a table of the statement: by the name of each parameter the column whose values it holds."""
    given = [bindparam(name, type_=ARRAY(_kind(column.type))) for name, column in columns.items()]
    return func.unnest(*given).table_valued(*columns).render_derived()


def _kind(kind: Any) -> Any:
    """A text's limit is its column's: an array of limited texts would cut them instead of refusing them."""
    return String() if isinstance(kind, String) else kind
