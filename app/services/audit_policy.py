"""Versions of the audit's and the survey's numbers: the newest one holds, an older one is never edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import audit_policy as rule
from app.domain.audit_policy import AuditPolicy
from app.domain.errors import Invalid, Stale
from app.domain.roles import Actor
from app.models import AuditPolicy as Row
from app.models import User
from app.models.dialect import lock_key
from app.services.transaction import write

NOTE_LENGTH = 200


@dataclass(frozen=True)
class Version:
    """A version in the list, with who stored it and why; the first one came with the portal."""

    policy: AuditPolicy
    stored_at: datetime
    stored_by: str
    note: str


def current(session: Session) -> AuditPolicy:
    """The version that holds."""
    row = session.scalars(select(Row).order_by(Row.version.desc()).limit(1)).first()
    return rule.of(row.version, row.numbers) if row else AuditPolicy()


def version(session: Session, number: int) -> AuditPolicy:
    """A version by its number, for a draw that was made under it."""
    row = session.get(Row, number)
    return rule.of(row.version, row.numbers) if row else AuditPolicy()


def versions(session: Session) -> list[Version]:
    """Every version, the newest first."""
    statement = select(Row, User.name).outerjoin(User, User.id == Row.stored_by_id).order_by(Row.version.desc())
    return [
        Version(rule.of(row.version, row.numbers), row.stored_at, name or "", row.note)
        for row, name in session.execute(statement)
    ]


def store(*, actor: Actor, typed: Mapping[str, str], note: str, seen: int, now: datetime) -> int:
    """Store a new version, which holds from the next draw on; its number. `seen` is the version that the form showed.

    Raises Invalid by field (also `note`: required, too_long; `share_percent`: unchanged), Stale.
    """
    numbers, errors = rule.parse(typed)
    if not note.strip():
        errors["note"] = "required"
    elif len(note) > NOTE_LENGTH:
        errors["note"] = "too_long"
    if errors:
        raise Invalid(errors)
    with write() as session:
        lock_key(session, "audit-policy")
        before = current(session)
        if before.version != seen:
            raise Stale("stale", version=before.version)
        if before.numbers() == numbers:
            raise Invalid({"share_percent": "unchanged"})
        number = before.version + 1
        session.add(Row(
            version=number, numbers=numbers, note=note.strip(), stored_at=now, stored_by_id=actor.user_id,
        ))  # fmt: skip
        return number
