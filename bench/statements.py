"""The statements of a piece of work, written down once, and executed again bare: what the work costs at least."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event

from app.models.dialect import WRITE
from app.models.ids import new_id

IDS = re.compile(r"\d{15,19}")
Said = tuple[str, Any, bool]  # statement, parameters, many rows
COMMIT: Said = ("COMMIT", (), False)


@dataclass
class Script:
    """What was said, in transactions. `tokens` are texts that every repetition needs anew, `known` ids that it
    exchanges for others, `floor` the id from which on everything was made by the work itself."""

    said: list[Said] = field(default_factory=list)
    tokens: tuple[str, ...] = ()
    known: tuple[int, ...] = ()
    floor: int = 0
    rank: int = 0

    def again(self, n: int, instead: Sequence[int] = ()) -> list[Said]:
        """The statements of the n-th repetition."""
        swap = _Swap(self, n, dict(zip(self.known, instead, strict=True)) if instead else {})
        return [(statement, swap.value(values), many) for statement, values, many in self.said]


@dataclass
class _Swap:
    script: Script
    n: int
    ids: dict[int, int]

    def value(self, value: Any) -> Any:
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return self._id(value)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {key: self.value(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)([self.value(one) for one in value])
        return value

    def _id(self, value: int) -> int:
        if value == self.script.rank:
            return value + (self.n << 24)
        if value in self.ids:
            return self.ids[value]
        if value >= self.script.floor:
            self.ids[value] = new_id()
        return self.ids.get(value, value)

    def _text(self, value: str) -> str:
        for token in self.script.tokens:
            value = value.replace(token, f"{token}{self.n}")
        return IDS.sub(lambda found: str(self._id(int(found[0]))), value)


@contextmanager
def written_down(engine: Engine) -> Iterator[list[Said]]:
    """Everything that is said meanwhile, with a mark at each commit."""
    said: list[Said] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        said.append((statement, _kept(values), many))

    def end(_connection: Any) -> None:
        if said and said[-1] is not COMMIT:
            said.append(COMMIT)

    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", end)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", end)


def _kept(values: Any) -> Any:
    """Parameters as they can be put aside: the driver's views of bytes as bytes."""
    if isinstance(values, dict):
        return {key: _kept(one) for key, one in values.items()}
    if isinstance(values, (list, tuple)):
        return type(values)([_kept(one) for one in values])
    return bytes(values) if isinstance(values, memoryview) else values


def counted(said: Sequence[Said]) -> int:
    """How many statements there are, without what opens and ends a transaction."""
    frame = ("BEGIN", "COMMIT", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return sum(not statement.upper().startswith(frame) for statement, _, _ in said)


def execute(connection: Connection, said: Sequence[Said]) -> None:
    """In one Core transaction."""
    with connection.begin():
        for statement, values, many in said:
            if not statement.startswith(("BEGIN", "COMMIT")):
                result = connection.exec_driver_sql(statement, list(values) if many else values)
                if result.returns_rows:
                    result.fetchall()


def writer(engine: Engine) -> Connection:
    """A connection whose transactions write."""
    return engine.connect().execution_options(**{WRITE: True})


def seconds(engine: Engine, said: Sequence[Said]) -> float:
    """How long the driver alone takes for them, with the commits where they were."""
    raw = engine.raw_connection()
    try:
        driver: Any = raw.driver_connection
        cursor, lite = driver.cursor(), engine.dialect.name == "sqlite"
        begun = time.perf_counter()
        open_ = False
        for one in said:
            open_ = _say(cursor, driver, one, lite, open_)
        if open_:
            _end(cursor, driver, lite)
        return time.perf_counter() - begun
    finally:
        raw.close()


def _say(cursor: Any, driver: Any, one: Said, lite: bool, open_: bool) -> bool:
    statement, values, many = one
    if one is COMMIT:
        if open_:
            _end(cursor, driver, lite)
        return False
    if statement.startswith("BEGIN"):
        return open_
    if lite and not open_:
        cursor.execute("BEGIN IMMEDIATE")
    if many:
        cursor.executemany(statement, values)
    else:
        cursor.execute(statement, values)
    if cursor.description:
        cursor.fetchall()
    return True


def _end(cursor: Any, driver: Any, lite: bool) -> None:
    if lite:
        cursor.execute("COMMIT")
    else:
        driver.commit()


def bare(work: Callable[[], Any], engine: Engine) -> tuple[float, list[Said]]:
    """Seconds that a piece of work takes, and what it said."""
    with written_down(engine) as said:
        begun = time.perf_counter()
        work()
        took = time.perf_counter() - begun
    return took, said
