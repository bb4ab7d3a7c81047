"""Several questions in one statement: a page pays one way to the database, and compiles what it asks once a process.

A `Question` is a SELECT whose changing values are `bindparam`s. `ask` answers many in one statement, in which each is
one column of JSON; a line comes back as a tuple of what the SELECT names, an entity as a named tuple with the
attributes of its class (for reading only), one thing alone as itself.
"""

from __future__ import annotations

import json
import re
from collections import namedtuple
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeVar, cast

from sqlalchemy import JSON, Boolean, Date, func, inspect, select
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import Session

from app.extensions import connected, reading
from app.models import straight
from app.models.types import UtcDateTime

KEPT = 1000  # different sets of questions that a process remembers
Read = Callable[[Any], Any]


class Question:
    """A SELECT that is asked again and again, with other values each time. It keeps its order."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement

    def __call__(self, **values: Any) -> Asked:
        """The question with its values, to be handed to `ask` or to be yielded by a step."""
        return Asked(self, values)


@dataclass(frozen=True)
class Asked:
    """A question with the values for its parameters."""

    question: Question
    values: Mapping[str, Any]


T = TypeVar("T")
Step = Generator[tuple[Asked, ...], tuple[list[Any], ...], T]


def ask(session: Session, *asked: Asked) -> tuple[list[Any], ...]:
    """The lines of every question, in one statement. Two questions with a parameter of the same name share its value.

    Raises ValueError where they do not.
    """
    values: dict[str, Any] = {}
    for one in asked:
        for name, value in one.values.items():
            if values.setdefault(name, value) != value:
                raise ValueError(f"two questions of one statement have another {name}")
    questions, engine = tuple(one.question for one in asked), reading(session)
    plan = _plan((engine or session.get_bind()).dialect, questions)
    row, given = None, plan.given(values)
    if engine is not None and not straight.heard(engine):
        row = straight.row(engine, plan.sent, given)
    if row is None:
        with connected(session) as connection:
            found = straight.within(connection, plan.sent, given) if engine is None else None
            row = (connection.exec_driver_sql(plan.said, given) if found is None else found).fetchone()
    cells = row[0] if plan.whole else [_lines(cell) for cell in row]
    return tuple([read(line) for line in lines or ()] for read, lines in zip(plan.readers, cells, strict=True))


def one(session: Session, asked: Asked) -> Any:
    """The one row of a question that stands alone, as the driver gives it."""
    return session.connection().execute(asked.question.statement, asked.values).one()


def run(session: Session, steps: Mapping[str, Any]) -> dict[str, Any]:
    """What each step gives, by its name. A step is a value, or a generator that yields questions and returns one: all
    questions that are open at the same time go into one statement."""
    return told(session, joined(steps))


def told(session: Session, step: Step[T], answer: tuple[list[Any], ...] | None = None) -> T:
    """What one step gives; each of its rounds is a statement. `answer` is that of the first round, where it was asked
    for before."""
    given: Any = answer
    while True:
        try:
            asked = step.send(given)
        except StopIteration as end:
            return cast(T, end.value)
        given = ask(session, *asked)


def joined(steps: Mapping[str, Any]) -> Step[dict[str, Any]]:
    """Many steps as one, which asks in each round what all of them ask."""
    done = {name: step for name, step in steps.items() if not isinstance(step, Generator)}
    waiting: dict[str, tuple[Step[Any], tuple[Asked, ...]]] = {}
    for name, step in steps.items():
        if isinstance(step, Generator):
            _advance(name, step, None, waiting, done)
    while waiting:
        round_, waiting = waiting, {}
        found = iter((yield tuple([one for _, asked in round_.values() for one in asked])))
        for name, (step, asked) in round_.items():
            _advance(name, step, tuple([next(found) for _ in asked]), waiting, done)
    return {name: done[name] for name in steps}


def _advance(name: str, step: Step[Any], answer: Any, waiting: dict[str, Any], done: dict[str, Any]) -> None:
    try:
        asked = step.send(answer)
    except StopIteration as end:
        done[name] = end.value
    else:
        waiting[name] = (step, asked)


# --- how one statement is made of many ---


@dataclass(frozen=True)
class _Plan:
    """The statement as the driver gets it: to look so long a one up in the engine's cache costs as much as to send it.
    `ways` lead from a parameter's value to the driver's; `whole` where all answers are one column."""

    said: str
    sent: bytes  # the same, whose hash is kept
    order: tuple[str, ...] | None  # of the parameters, where the driver knows no names
    fixed: Mapping[str, Any]
    ways: Mapping[str, Read | None]
    readers: tuple[Read, ...]
    whole: bool

    def given(self, values: Mapping[str, Any]) -> Any:
        """The parameters. Raises KeyError for one that has no value."""
        found = {**self.fixed}
        for name, way in self.ways.items():
            found[name] = _through(way, values[name])
        return found if self.order is None else tuple([found[name] for name in self.order])


@lru_cache(KEPT)
def _plan(dialect: Dialect, questions: Sequence[Question]) -> _Plan:
    parts = [_part(question.statement, dialect) for question in questions]
    # each column of an answer is described anew every time; SQLite would read JSON within JSON once more
    whole, columns = dialect.name == "postgresql", [column.label(f"q{n}") for n, (column, _) in enumerate(parts)]
    made = select(*([func.json_build_array(*columns)] if whole else columns)).compile(dialect=dialect)
    names = frozenset(name for name, parameter in made.binds.items() if parameter.required)
    # A list that stands in a question is a parameter for each of its values; one that changes is given to `among`.
    state: Any = made.construct_expanded_state(dict.fromkeys(names))
    ways: dict[str, Read | None] = dict(state.processors)
    for name, parameter in made.binds.items():
        ways[name] = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    fixed = {name: _through(ways.get(name), value) for name, value in state.parameters.items() if name not in names}
    order = tuple(state.positiontup) if state.positiontup else None
    said = state.statement if order else _spelled_out(state.statement, fixed)
    needed, readers = {name: ways[name] for name in names}, tuple(read for _, read in parts)
    return _Plan(said, said.encode(), order, fixed, needed, readers, whole)


def _spelled_out(said: str, fixed: dict[str, Any]) -> str:
    """The statement with its own codes and numbers in it, and not as parameters: of a queue that is a parameter
    PostgreSQL expects as many rows as of an average one, and of a limit a tenth of all, and would rather plan a page
    anew each time than keep a plan. Nobody types what stands in a question."""
    known = {name: _LITERALS[type(value)](value) for name, value in fixed.items() if type(value) in _LITERALS}
    said = _LIMIT.sub(lambda found: f"LIMIT {known[found[1]]}" if found[1] in known else found[0], said)
    said = _PARAMETER.sub(lambda found: known.get(found[1], found[0]), said)
    for name in known:
        del fixed[name]
    return said


_LIMIT = re.compile(r"LIMIT %\((\w+)\)s::INTEGER")
_PARAMETER = re.compile(r"%\((\w+)\)s")
_LITERALS: dict[type, Callable[[Any], str]] = {
    str: lambda text: "'" + text.replace("'", "''").replace("%", "%%") + "'",
    int: lambda n: str(n) if n >= 0 else f"({n})",
    bool: lambda value: "true" if value else "false",
}


def _through(way: Read | None, value: Any) -> Any:
    return value if way is None else way(value)


def _lines(cell: Any) -> Any:
    return None if cell is None else json.loads(cell)


def _part(statement: Any, dialect: Dialect) -> tuple[Any, Read]:
    """The question as one column of JSON, and what makes a line of it again."""
    inner = statement.subquery()
    columns = list(inner.c)
    if dialect.name == "postgresql":
        lines = func.json_agg(func.json_build_array(*columns))
    else:
        lines = func.json_group_array(func.json_array(*(func.json(c) if _is_json(c) else c for c in columns)))
    return select(lines).select_from(inner).scalar_subquery(), _reader(statement, columns, dialect)


def _is_json(column: Any) -> bool:
    return isinstance(column.type, JSON)


def _reader(statement: Any, columns: list[Any], dialect: Dialect) -> Read:
    ways = [(n, way) for n, column in enumerate(columns) if (way := _way(column.type, dialect)) is not None]
    things, at = [], 0
    for thing in statement.column_descriptions:
        width, make = _thing(thing, at)
        things.append(make)
        at += width
    if at != len(columns):
        raise ValueError("a question names something that is neither a column nor an entity")
    made = _whole(statement, things, at)

    def read(line: list[Any]) -> Any:
        for n, way in ways:
            if line[n] is not None:
                line[n] = way(line[n])
        return made(line)

    return read


def _whole(statement: Any, things: list[Read], width: int) -> Read:
    """One thing alone is itself, columns alone are named, a mixture is a tuple."""
    if len(things) == 1:
        return things[0]
    if len(things) == width:
        names = [thing["name"] for thing in statement.column_descriptions]
        return cast(Read, cast(Any, namedtuple("Line", names, rename=True))._make)
    return lambda line: tuple([make(line) for make in things])


def _thing(thing: Any, at: int) -> tuple[int, Read]:
    """How many columns something takes, and what it is in a line."""
    if thing["expr"] is not thing.get("entity"):
        return 1, lambda line: line[at]
    mapper = inspect(thing["entity"]).mapper
    names = [attribute.key for attribute in mapper.column_attrs]
    record = cast(Any, namedtuple(mapper.class_.__name__, names))
    key, end = at + names.index(mapper.get_property_by_column(mapper.primary_key[0]).key), at + len(names)

    def entity(line: list[Any]) -> Any:
        return None if line[key] is None else record._make(line[at:end])

    return len(names), entity


def _way(kind: Any, dialect: Dialect) -> Read | None:
    """How a value of a column's type comes out of JSON; None where it is what it was."""
    if isinstance(kind, UtcDateTime):
        return _instant
    if isinstance(kind, Date):
        return date.fromisoformat
    return bool if isinstance(kind, Boolean) and dialect.name == "sqlite" else None


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
