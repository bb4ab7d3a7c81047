"""Counters that many raise at the same time: what a transaction adds to them is written right before its commit.

A row that was raised is locked until then, and whoever raises it, too, waits for as long. All of them are taken in one
order at the end, whatever order the tickets of a transaction came in, so that no two wait for each other in a circle.
"""

from __future__ import annotations

from collections import Counter as Tally
from typing import Any

from sqlalchemy.orm import Session

from app.models.dialect_rows import upsert_add_all
from app.services.transaction import at_end

Row = tuple[tuple[str, Any], ...]
Added = dict[Any, Tally[Row]]


def add(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    """Add each row's `n` to the row of a counter table with the same key, making it when it is not there: right before
    the commit, or at once where the caller has no write transaction. Rows of one table name the same columns."""
    added: Added | None = at_end(session, "counts", dict, _write)
    gathered: Added = {} if added is None else added
    some = gathered.setdefault(table, Tally())
    for row in rows:
        some[tuple(sorted((name, value) for name, value in row.items() if name != "n"))] += row["n"]
    if added is None:
        _write(session, gathered)


def _write(session: Session, added: Added) -> None:
    tables = sorted(added, key=lambda one: str(one.__tablename__))
    upsert_add_all(session, [
        (table, [{**dict(key), "n": n} for key, n in sorted(added[table].items()) if n]) for table in tables
    ])  # fmt: skip
