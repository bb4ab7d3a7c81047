"""Column types that mean the same on both engines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from app.models.ids import new_id

# SQLite's rowid alias needs INTEGER; PostgreSQL needs BIGINT.
Big = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC. A naive value is refused: it would be read in somebody's local time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None or value.tzinfo is UTC:
            return value
        if value.tzinfo is None:
            raise ValueError("naive datetime refused")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def primary() -> Mapped[int]:
    """A time-ordered primary key."""
    return mapped_column(Big, primary_key=True, default=new_id, autoincrement=False)


def ref(target: str, **options: Any) -> Mapped[Any]:
    """A reference to another table's id."""
    return mapped_column(Big, ForeignKey(target), **options)
