"""Several rows in one statement: how its values and its parameters are spelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, bindparam

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
