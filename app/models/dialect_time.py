"""Functions of time that SQLite and PostgreSQL spell differently."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Date, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class shanghai_day(FunctionElement[Any]):  # noqa: N801 - used like a function of SQL
    """The day of an instant in Asia/Shanghai; China has had no summer time since 1991."""

    type = Date()
    inherit_cache = True


@compiles(shanghai_day, "sqlite")
def _sqlite_day(element: Any, compiler: Any, **named: Any) -> str:
    return f"date({compiler.process(element.clauses, **named)}, '+8 hours')"


@compiles(shanghai_day, "postgresql")
def _postgresql_day(element: Any, compiler: Any, **named: Any) -> str:
    return f"CAST(({compiler.process(element.clauses, **named)}) AT TIME ZONE 'Asia/Shanghai' AS DATE)"


class shanghai_hour(FunctionElement[Any]):  # noqa: N801 - used like a function of SQL
    """The hour of an instant in Asia/Shanghai, 0 to 23."""

    type = Integer()
    inherit_cache = True


@compiles(shanghai_hour, "sqlite")
def _sqlite_hour(element: Any, compiler: Any, **named: Any) -> str:
    return f"CAST(strftime('%H', {compiler.process(element.clauses, **named)}, '+8 hours') AS INTEGER)"


@compiles(shanghai_hour, "postgresql")
def _postgresql_hour(element: Any, compiler: Any, **named: Any) -> str:
    inner = compiler.process(element.clauses, **named)
    return f"CAST(extract(hour FROM ({inner}) AT TIME ZONE 'Asia/Shanghai') AS INTEGER)"


class shanghai_weekday(FunctionElement[Any]):  # noqa: N801 - used like a function of SQL
    """The weekday of an instant in Asia/Shanghai, 0 for Monday."""

    type = Integer()
    inherit_cache = True


@compiles(shanghai_weekday, "sqlite")
def _sqlite_weekday(element: Any, compiler: Any, **named: Any) -> str:
    inner = compiler.process(element.clauses, **named)
    return f"((CAST(strftime('%w', {inner}, '+8 hours') AS INTEGER) + 6) % 7)"


@compiles(shanghai_weekday, "postgresql")
def _postgresql_weekday(element: Any, compiler: Any, **named: Any) -> str:
    inner = compiler.process(element.clauses, **named)
    return f"(CAST(extract(isodow FROM ({inner}) AT TIME ZONE 'Asia/Shanghai') AS INTEGER) - 1)"


class whole_seconds(FunctionElement[Any]):  # noqa: N801 - used like a function of SQL
    """The whole seconds from one column's instant to a later one's, what is left over cut off."""

    type = BigInteger()
    inherit_cache = True


@compiles(whole_seconds, "sqlite")
def _sqlite_seconds(element: Any, compiler: Any, **named: Any) -> str:
    start, end = (compiler.process(clause, **named) for clause in element.clauses)
    whole = f"CAST(strftime('%s', {end}) AS INTEGER) - CAST(strftime('%s', {start}) AS INTEGER)"
    return f"({whole} - (substr({end}, 21) < substr({start}, 21)))"


@compiles(whole_seconds, "postgresql")
def _postgresql_seconds(element: Any, compiler: Any, **named: Any) -> str:
    start, end = (compiler.process(clause, **named) for clause in element.clauses)
    return f"CAST(floor(extract(epoch FROM ({end} - {start}))) AS BIGINT)"
