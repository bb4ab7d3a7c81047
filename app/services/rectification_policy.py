"""Versions of the thresholds of rectification forms: the newest one holds, an older one is never edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import rectifications as rule
from app.domain.errors import Invalid, NotAllowed, Stale
from app.domain.rectifications import Policy
from app.domain.roles import Actor
from app.models import RectificationPolicy as Row
from app.models import User
from app.models.dialect import lock_key
from app.services.transaction import write

NOTE_LENGTH = 200


@dataclass(frozen=True)
class Version:
    """A version in the list, with who stored it and why; the first one came with the portal."""

    policy: Policy
    stored_at: datetime | None
    stored_by: str
    note: str


def current(session: Session) -> Policy:
    """The version that holds: the newest stored one, else the rulebook's defaults as version 1."""
    row = session.scalars(select(Row).order_by(Row.version.desc()).limit(1)).first()
    return rule.of(row.version, row.numbers) if row else Policy()


def versions(session: Session) -> list[Version]:
    """Every version, the newest first, down to the defaults."""
    statement = select(Row, User.name).outerjoin(User, User.id == Row.stored_by_id).order_by(Row.version.desc())
    stored = [
        Version(rule.of(row.version, row.numbers), row.stored_at, name or "", row.note)
        for row, name in session.execute(statement)
    ]
    return [*stored, Version(Policy(), None, "", "")]


def store(*, actor: Actor, typed: Mapping[str, str], note: str, seen: int, now: datetime) -> int:
    """Store a new version, which holds from the next freeze on; its number. `seen` is the version that the form showed.

    Raises NotAllowed, Invalid by field (also `note`: required, too_long; `score_below`: unchanged), Stale.
    """
    if not actor.can("rectify_policy"):
        raise NotAllowed("not_allowed")
    numbers, errors = rule.parse(typed)
    if not note.strip():
        errors["note"] = "required"
    elif len(note) > NOTE_LENGTH:
        errors["note"] = "too_long"
    if errors:
        raise Invalid(errors)
    with write() as session:
        lock_key(session, "rectification-policy")
        before = current(session)
        if before.version != seen:
            raise Stale("stale", version=before.version)
        if before.numbers() == numbers:
            raise Invalid({"score_below": "unchanged"})
        session.add(Row(
            version=before.version + 1, numbers=numbers, note=note.strip(), stored_at=now, stored_by_id=actor.user_id,
        ))  # fmt: skip
        return before.version + 1
