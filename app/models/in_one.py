"""Several statements that write, as one statement of PostgreSQL: each way to the server and back counts there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import Dialect

from app.models import straight

KEPT = 1000  # different sets of statements that a process remembers
Ways = tuple[tuple[str, Callable[[Any], Any] | None], ...]


@dataclass(frozen=True)
class Part:
    """A statement as the driver knows it, the same text every time, and its parameters by name."""

    said: str
    values: Mapping[str, Any]


def part(statement: Any, dialect: Dialect, values: Mapping[str, Any]) -> Part:
    """A statement that is kept for a whole process, with these values."""
    said, ways = _compiled(statement, dialect)
    return Part(said, {name: values[name] if way is None else way(values[name]) for name, way in ways})


@cache
def _compiled(statement: Any, dialect: Dialect) -> tuple[str, Ways]:
    made = statement.compile(dialect=dialect)
    ways = tuple((name, one.type.dialect_impl(dialect).bind_processor(dialect)) for name, one in made.binds.items())
    return str(made), ways


def execute(connection: Connection, parts: Sequence[Part]) -> None:
    """Execute all of them at once; each writes a table of its own. None sees what another writes, and references are
    looked up at the end, when all rows are there. PostgreSQL locks the rows of the last part first, and so on back."""
    if len(parts) == 1:
        connection.exec_driver_sql(parts[0].said, parts[0].values)
        return
    values = {f"{_mark(n)}{name}": value for n, one in enumerate(parts) for name, value in one.values.items()}
    said = _said(tuple([one.said for one in parts]))
    if straight.within(connection, said, values) is None:
        connection.exec_driver_sql(said.decode(), values)


@lru_cache(KEPT)
def _said(parts: tuple[str, ...]) -> bytes:
    marked = [said.replace("%(", f"%({_mark(n)}") for n, said in enumerate(parts)]
    before = ", ".join(f"{_mark(n)} AS ({said})" for n, said in enumerate(marked[:-1]))
    return f"WITH {before} {marked[-1]}".encode()


def _mark(n: int) -> str:
    return f"new_{n}_"
