"""A column that is one of a parameter's values. The statement is the same however many they are: with a parameter for
each value it would be another text for each number of them, compiled and prepared anew."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, String, Text, TypeDecorator, bindparam, literal_column
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine


def among(column: Any, name: str) -> ColumnElement[bool]:
    """The condition that `column` is one of the values of the parameter `name`, texts or numbers, maybe none."""
    return _Among(column, bindparam(name, type_=_Values(column.type)))


def ends_among(column: Any, name: str, length: int) -> ColumnElement[bool]:
    """The condition that the last `length` characters of a text column, all of a shorter one, are one of the values of
    the parameter. An index of PostgreSQL answers it; on SQLite, whose houses are small, it always holds."""
    return _EndsAmong(column, literal_column(str(length)), bindparam(name, type_=_Values(String())))


class _Values(TypeDecorator[Any]):
    """An array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        super().__init__()
        # a text's limit is its column's: an array of limited texts would cut what is longer, and find it
        self.kind = String() if isinstance(kind, String) else kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The engine's own type."""
        return ARRAY(self.kind) if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        """What the driver gets."""
        given = list(value or ())
        return given if dialect.name == "postgresql" else json.dumps(given)


class _Among(FunctionElement[bool]):
    type: Any = NullType()  # of a truth SQLAlchemy would ask SQLite whether it equals 1, which no index answers
    inherit_cache = True


class _EndsAmong(FunctionElement[bool]):
    type: Any = NullType()
    inherit_cache = True


@compiles(_EndsAmong, "postgresql")
def _right(element: Any, compiler: Any, **how: Any) -> str:
    column, length, given = (compiler.process(one, **how) for one in element.clauses)
    return f"right({column}, {length}) = ANY ({given})"


@compiles(_EndsAmong)
def _any(_element: Any, _compiler: Any, **_how: Any) -> str:
    return "1 = 1"


@compiles(_Among, "postgresql")
def _array(element: Any, compiler: Any, **how: Any) -> str:
    column, given = (compiler.process(one, **how) for one in element.clauses)
    return f"{column} = ANY ({given})"


@compiles(_Among)
def _list(element: Any, compiler: Any, **how: Any) -> str:
    column, given = (compiler.process(one, **how) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({given}))"  # noqa: S608 - of compiled pieces
