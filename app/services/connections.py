"""Platform connections: what the door needs to know before it believes a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Connection, PushRefusal
from app.models.dialect import upsert_add
from app.services.transaction import write

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Door:
    """One connection as the endpoint needs it; `secrets` holds two while they rotate."""

    id: int
    code: str
    charset: Any
    secrets: tuple[str, ...]
    category_map: dict[str, str]


def door(session: Session, code: str) -> Door | None:
    """The active connection with that code, or None."""
    if "\0" in code:  # PostgreSQL takes no NUL, not even to look for it
        return None
    row = session.scalars(select(Connection).where(Connection.code == code, Connection.active)).one_or_none()
    if row is None:
        return None
    return Door(row.id, row.code, row.charset, tuple(row.secrets), dict(row.category_map))


def count_refusal(*, connection: str, reason: str, now: datetime) -> None:
    """Refused messages leave only a count per connection, reason and day."""
    day = now.astimezone(SHANGHAI).date().isoformat()
    with write() as session:
        keys = {"connection": connection[:32], "reason": reason[:32], "day": day}
        upsert_add(session, PushRefusal, [{**keys, "n": 1}])
