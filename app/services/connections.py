"""Platform connections: what the door needs to know before it believes a message."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import Connection, PushRefusal, UnmappedCode
from app.models.dialect_rows import upsert_add
from app.models.together import Question, ask
from app.services import category_kinds, counts
from app.services.transaction import write

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Door:
    """One connection as a driver needs it; `secrets` holds two while they rotate. Never logged."""

    id: int
    code: str
    charset: Any
    secrets: tuple[str, ...]
    category_map: dict[str, str]
    driver: str = "link"
    address: str = ""
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    message_map: dict[str, str] = field(default_factory=dict)
    field_map: dict[str, str] = field(default_factory=dict)


_DOOR = Question(select(Connection).where(Connection.code == bindparam("code"), Connection.active))


def door(session: Session, code: str) -> Door | None:
    """The active connection with that code, or None."""
    if "\0" in code:  # PostgreSQL takes no NUL, not even to look for it
        return None
    (found,) = ask(session, _DOOR(code=code))
    return door_of(found[0]) if found else None


def door_of(row: Connection) -> Door:
    """What is needed of a connection's row to read its messages and to answer them."""
    return Door(
        id=row.id, code=row.code, charset=row.charset, secrets=tuple(row.secrets), category_map=dict(row.category_map),
        driver=row.driver, address=row.callback_url, settings=dict(row.settings), message_map=dict(row.message_map),
        field_map=dict(row.field_map),
    )  # fmt: skip


def count_refusal(*, connection: str, reason: str, now: datetime) -> None:
    """Refused messages leave only a count per connection, reason and day."""
    day = now.astimezone(SHANGHAI).date().isoformat()
    with write() as session:
        keys = {"connection": connection[:32], "reason": reason[:32], "day": day}
        upsert_add(session, PushRefusal, [{**keys, "n": 1}])


def note_unmapped(session: Session, connection_id: int, code: str) -> None:
    """Count a category code that is none of ours, in the transaction that takes its complaint into "other"."""
    if code and category_kinds.of(session, code) is None:
        counts.add(session, UnmappedCode, [{"connection_id": connection_id, "code": code[:64], "n": 1}])
