"""Versions of the scoring: which one a month has, and how an administrator adds another (rulebook 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.calendars import month_bounds, month_of
from app.domain.errors import Invalid, NotAllowed, Stale
from app.domain.roles import Actor
from app.domain.scoring_scheme import Scheme, check, default_scheme, of_plain
from app.models import MonthClose, ScoringScheme, User
from app.models.dialect import lock_key
from app.services.transaction import write

FIRST_FROM = "2000-01"
NOTE = 200


@dataclass(frozen=True)
class Version:
    """A version in the administrator's list, the month from which it holds and who stored it."""

    scheme: Scheme
    from_month: str
    note: str
    stored_at: datetime | None
    stored_by: str


def seed(session: Session, now: datetime) -> int:
    """Store the rulebook's defaults as version 1 where there is none; 1 when it was. The caller commits."""
    if session.get(ScoringScheme, 1) is not None:
        return 0
    row = ScoringScheme(version=1, from_month=FIRST_FROM, body=default_scheme().plain(), note="", stored_at=now)
    session.add(row)
    session.flush()
    return 1


def of_month(session: Session, month: str) -> Scheme:
    """The version of a month "YYYY-MM": a frozen month keeps its own, another has the newest one from before."""
    kept = select(MonthClose.scheme_version).where(MonthClose.month == month, MonthClose.digest != "")
    held = select(ScoringScheme.version).where(ScoringScheme.from_month <= month)
    newest = held.order_by(ScoringScheme.from_month.desc(), ScoringScheme.version.desc()).limit(1)
    wanted = func.coalesce(kept.scalar_subquery(), newest.scalar_subquery())
    body = session.scalar(select(ScoringScheme.body).where(ScoringScheme.version == wanted))
    return of_plain(body) if body is not None else default_scheme()


def versions(session: Session) -> list[Version]:
    """Every version, the newest first."""
    statement = select(ScoringScheme, User.name).outerjoin(User, User.id == ScoringScheme.stored_by_id)
    rows = session.execute(statement.order_by(ScoringScheme.version.desc()))
    return [Version(of_plain(row.body), row.from_month, row.note, row.stored_at, name or "") for row, name in rows] or [
        Version(default_scheme(), FIRST_FROM, "", None, "")
    ]


def add(*, actor: Actor, scheme: Scheme, from_month: str, note: str, based_on: int, now: datetime) -> int:
    """Store another version for months from `from_month` on; its number.

    Raises NotAllowed, Invalid by field (`from_month` for one that is frozen or over), Stale when a version was stored
    since `based_on` was read.
    """
    if not actor.can("admin"):
        raise NotAllowed("not_allowed")
    check(scheme)
    with write() as session:
        lock_key(session, "scoring schemes")
        _check_month(session, from_month, note, now)
        seed(session, now)
        newest = session.scalar(select(func.max(ScoringScheme.version))) or 1
        if newest != based_on:
            raise Stale("stale", version=newest)
        made = replace(scheme, version=newest + 1)
        session.add(ScoringScheme(
            version=made.version, from_month=from_month, body=made.plain(), note=note.strip(), stored_at=now,
            stored_by_id=actor.user_id,
        ))  # fmt: skip
        return made.version


def _check_month(session: Session, from_month: str, note: str, now: datetime) -> None:
    errors = {"note": "too_long"} if len(note.strip()) > NOTE else {}
    try:
        month_bounds(from_month)
    except (ValueError, OverflowError):
        raise Invalid({**errors, "from_month": "required"}) from None
    frozen = session.scalar(select(func.max(MonthClose.month)).where(MonthClose.frozen_at.is_not(None))) or ""
    if from_month < month_of(now):
        errors["from_month"] = "in_the_past"
    elif from_month <= frozen:
        errors["from_month"] = "month_frozen"
    if errors:
        raise Invalid(errors)
