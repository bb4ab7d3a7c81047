"""The log of what administrators change: written in the transaction of the change, never a secret in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.models import AdminLog, User
from app.models.ids import new_id

PAGE = 100
WHATS = (
    "organisation_added", "organisation_changed", "organisations_imported", "connection_added", "connection_changed",
    "maps_changed", "secret_added", "secret_retired",
)  # fmt: skip


@dataclass(frozen=True)
class Note:
    """One change: what, of which thing, and the fields with old and new value."""

    what: str
    subject: str
    detail: Mapping[str, Any]


def write_down(session: Session, actor: Actor, notes: Sequence[Note], now: datetime) -> None:
    """Add the notes, one statement for all."""
    rows = [
        {"id": new_id(), "at": now, "by_id": actor.user_id, "what": one.what, "subject": one.subject[:64],
         "detail": dict(one.detail)}
        for one in notes
    ]  # fmt: skip
    if rows:
        session.execute(insert(AdminLog), rows)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The fields that are another value afterwards, with both."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}


def below(
    session: Session, row_id: int | None, limit: int = PAGE, subject: str = ""
) -> list[tuple[AdminLog, str]]:  # fmt: skip
    """Changes with who made them, the newest first; one more than `limit` where there are more."""
    statement = select(AdminLog, User.name).join(User, User.id == AdminLog.by_id)
    if row_id is not None and 0 < row_id < 2**63:
        statement = statement.where(AdminLog.id < row_id)
    if subject:
        statement = statement.where(AdminLog.subject == subject)
    return [(row, name) for row, name in session.execute(statement.order_by(AdminLog.id.desc()).limit(limit + 1))]
