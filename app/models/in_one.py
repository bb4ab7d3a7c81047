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
Ways = tuple[tuple[str, Callable[[Any], Any] | None, Any], ...]


@dataclass(frozen=True)
class Part:
    """A statement as the driver knows it, the same text every time, and its parameters by name."""

    said: str
    values: Mapping[str, Any]


def part(statement: Any, dialect: Dialect, values: Mapping[str, Any]) -> Part:
    """A statement that is kept for a whole process, with these values; a column that an INSERT leaves out gets its
    default, which must be a plain value."""
    said, ways = _compiled(statement, dialect)
    found = {}
    for name, way, default in ways:
        value = values[name] if default is None or name in values else default.arg
        found[name] = value if way is None else way(value)
    return Part(said, found)


@cache
def _compiled(statement: Any, dialect: Dialect) -> tuple[str, Ways]:
    made = statement.compile(dialect=dialect)
    defaults = {column.key: column.default for column in getattr(made, "insert_prefetch", ())}
    if any(default.is_callable for default in defaults.values()):
        raise ValueError(f"a default of these must be given: {sorted(defaults)}")
    ways = [(name, one.type.dialect_impl(dialect).bind_processor(dialect)) for name, one in made.binds.items()]
    return str(made), tuple((name, way, defaults.get(name)) for name, way in ways)


def execute(connection: Connection, parts: Sequence[Part]) -> None:
    """Execute all of them at once; each writes a table of its own. None sees what another writes, and references are
    looked up at the end, when all rows are there. PostgreSQL locks the rows of the last part first, and so on back."""
    if len(parts) == 1:
        straight.execute(connection, parts[0].said, parts[0].values)
        return
    values: dict[str, Any] = {}
    for n, one in enumerate(parts):
        values.update(zip(_marked(n, tuple(one.values)), one.values.values(), strict=True))
    said = _said(tuple([one.said for one in parts]))
    straight.execute(connection, said, values)


@lru_cache(KEPT)
def _said(parts: tuple[str, ...]) -> bytes:
    marked = [said.replace("%(", f"%({_mark(n)}") for n, said in enumerate(parts)]
    before = ", ".join(f"{_mark(n)} AS ({said})" for n, said in enumerate(marked[:-1]))
    return f"WITH {before} {marked[-1]}".encode()


@lru_cache(KEPT)
def _marked(n: int, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([f"{_mark(n)}{name}" for name in names])


def _mark(n: int) -> str:
    return f"new_{n}_"
