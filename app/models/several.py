"""Several rows in one statement: how its values and its parameters are spelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.engine.interfaces import Dialect

SOME = 16  # rows that go into one statement where each way to the server and back counts


def batched(rows: list[Any], size: int) -> list[list[Any]]:
    """The rows in their order, at most so many together."""
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def side_by_side(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The parameters of `rows_of` for these rows."""
    return {f"{name}_{n}": value for n, row in enumerate(rows) for name, value in row.items()}


def rows_of(table: Table, names: Sequence[str], some: int) -> Any:
    """What an INSERT of so many rows takes as its values."""

    def row(end: str) -> dict[str, Any]:
        return {name: bindparam(name + end, type_=table.c[name].type) for name in names}

    return row("") if some == 1 else [row(f"_{n}") for n in range(some)]


def told(make: Callable[..., Any], table: Table, rows: list[dict[str, Any]], dialect: Dialect) -> tuple[str, Any]:
    """What the statement that `make` makes for these rows says to the driver, and its parameters. SQLAlchemy compiles
    one with several rows anew each time; here it is done once a process."""
    said, ways = _compiled(make, table, tuple(sorted(rows[0])), len(rows), dialect)
    ready = [
        {name: value if ways[name] is None else ways[name](value) for name, value in row.items()} for row in rows
    ]  # fmt: skip
    return said, side_by_side(ready) if len(ready) > 1 else ready[0]


@cache
def _compiled(
    make: Callable[..., Any], table: Table, names: tuple[str, ...], some: int, dialect: Dialect
) -> tuple[str, dict[str, Any]]:
    ways = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    return str(make(table, names, True, some).compile(dialect=dialect)), ways
