"""Versions of the penalty rules, read from the table and kept per process until one is added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import penalty_rules as rule
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.penalty_rules import PenaltyRule
from app.domain.roles import Actor
from app.models import PenaltyRule as Row
from app.models import User
from app.models.dialect import lock_key
from app.services.transaction import drop, kept, write

NOTE_LENGTH = 200
_KEPT = "penalty_rules"
_cached: dict[Any, tuple[PenaltyRule, ...]] = {}


def rules(session: Session) -> tuple[PenaltyRule, ...]:
    """Every version of every rule."""
    return kept(session, _KEPT, lambda: _look(session))


def _look(session: Session) -> tuple[PenaltyRule, ...]:
    newest = select(func.count(), func.sum(Row.version), func.max(Row.effective_from)).select_from(Row)
    key = tuple(session.execute(newest).one())
    found = _cached.get(key)
    if found is None:
        found = tuple(_rule(row) for row in session.scalars(select(Row).order_by(Row.code, Row.version)))
        _cached.clear()
        _cached[key] = found
    return found


def store(session: Session, new: Iterable[PenaltyRule]) -> int:
    """Add versions that the table does not hold yet; how many. The caller commits."""
    known = {tuple(pair) for pair in session.execute(select(Row.code, Row.version))}
    rows = [_row(one) for one in new if (one.code, one.version) not in known]
    session.add_all(rows)
    session.flush()
    drop(session, _KEPT)
    return len(rows)


def newest(session: Session, code: str) -> PenaltyRule:
    """The version of a rule that was stored last. Raises NotFound."""
    known = [one for one in rules(session) if one.code == code]
    if not known:
        raise NotFound("rule_not_found")
    return max(known, key=lambda one: one.version)


def authors(session: Session) -> dict[tuple[str, int], tuple[Row, str]]:
    """The stored rows with who stored them, by code and version."""
    statement = select(Row, User.name).outerjoin(User, User.id == Row.stored_by_id)
    return {(row.code, row.version): (row, name or "") for row, name in session.execute(statement)}


def add(*, actor: Actor, draft: PenaltyRule, note: str, seen: int, now: datetime) -> PenaltyRule:
    """Store a drafted version as the next one of its rule; it binds facts decided from its beginning on.

    Only an administrator stores rules, and nobody who rules by them (rulebook 1). `seen` is the newest version when the
    draft was begun. Raises NotAllowed, NotFound, Stale, Invalid (effective_from, amount, rate, points, liable,
    absorbs, cap_group, note).
    """
    if not actor.can("penalty_rules_store"):
        raise NotAllowed("not_yours")
    with write() as session:
        lock_key(session, "penalty_rules")
        drop(session, _KEPT)
        last = newest(session, draft.code)
        if last.version != seen:
            raise Stale("rule_stale", version=last.version)
        wrong = rule.faults(draft, newest=last, now=now, others=rules(session))
        if len(note.strip()) > NOTE_LENGTH:
            wrong["note"] = "too_long"
        if wrong:
            raise Invalid(wrong)
        row = _row(draft)
        row.version, row.note, row.stored_by_id, row.stored_at = seen + 1, note.strip(), actor.user_id, now
        session.add(row)
        session.flush()
        drop(session, _KEPT)
        return _rule(row)


def _row(one: PenaltyRule) -> Row:
    return Row(
        code=one.code, version=one.version, effective_from=one.effective_from, kind=one.kind,
        amount_fen=one.amount_fen, numerator=one.numerator, denominator=one.denominator, points=one.points,
        liable=one.liable, absorbs=list(one.absorbs), cap_group=one.cap_group, note="",
    )  # fmt: skip


def _rule(row: Row) -> PenaltyRule:
    return PenaltyRule(
        code=row.code, version=row.version, effective_from=row.effective_from, kind=row.kind,
        amount_fen=row.amount_fen, numerator=row.numerator, denominator=row.denominator, points=row.points,
        liable=row.liable, absorbs=tuple(row.absorbs), cap_group=row.cap_group,
    )  # fmt: skip


def groups(found: Sequence[PenaltyRule]) -> dict[str, list[PenaltyRule]]:
    """Versions by code, the newest first, in the order of rulebook 5."""
    known: dict[str, list[PenaltyRule]] = {code: [] for code in rule.CODES}
    for one in sorted(found, key=lambda r: -r.version):
        known.setdefault(one.code, []).append(one)
    return {code: versions for code, versions in known.items() if versions}
