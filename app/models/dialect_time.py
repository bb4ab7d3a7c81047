"""Hours and weekdays of Shanghai in SQL, where SQLite and PostgreSQL spell them differently."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


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
