"""Policy versions as the rules want them, read from the table and kept per process until a version is added."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.clocks import Limit
from app.domain.policies import Facts, PolicyRule, limits_for
from app.models import Policy
from app.models.ids import new_id

_cached: dict[Any, list[PolicyRule]] = {}


def rules(session: Session) -> list[PolicyRule]:
    """Every rule of every version. A version is never edited once it holds, only followed by another one."""
    newest = select(func.max(Policy.version), func.count(), func.max(Policy.id)).select_from(Policy)
    key = tuple(session.execute(newest).one())
    if key not in _cached:
        rows = session.scalars(select(Policy).order_by(Policy.version, Policy.id))
        found = [_rule(row) for row in rows]
        _cached.clear()
        _cached[key] = found
    return _cached[key]


def limits(session: Session, facts: Facts, version: int | None = None) -> dict[str, Limit]:
    """The limit of each clock for these facts, by the given version or the one in force. Raises NoPolicy."""
    return limits_for(rules(session), facts, version)


def store_version(session: Session, new: Iterable[PolicyRule]) -> int:
    """Add the rules of versions that the table does not hold yet; the number of rows added. The caller commits."""
    known = set(session.scalars(select(Policy.version)))
    rows = [_row(rule) for rule in new if rule.version not in known]
    session.add_all(rows)
    session.flush()
    return len(rows)


def _row(rule: PolicyRule) -> Policy:
    limits = {clock: {"minutes": limit.minutes, "calendar": limit.calendar} for clock, limit in rule.limits.items()}
    return Policy(
        id=new_id(), version=rule.version, effective_from=rule.effective_from, kind=rule.kind, category=rule.category,
        priority=rule.priority, channel=rule.channel, tier=rule.tier, limits=limits,
    )  # fmt: skip


def _rule(row: Policy) -> PolicyRule:
    return PolicyRule(
        version=row.version, effective_from=row.effective_from, kind=row.kind, category=row.category,
        priority=row.priority, channel=row.channel, tier=row.tier,
        limits={clock: Limit(value["minutes"], value["calendar"]) for clock, value in row.limits.items()},
    )  # fmt: skip
