"""Policy versions as the rules want them, read from the table and kept per process until a version is added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import policy_draft
from app.domain.clocks import Limit
from app.domain.errors import Invalid, Stale
from app.domain.policies import Facts, NoPolicy, PolicyRule, limits_for, version_in_force
from app.domain.policy_draft import DraftLine, Faults
from app.domain.roles import Actor
from app.models import Category, Policy, PolicyVersion, User
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.models.together import Question, ask
from app.services import calendars
from app.services.transaction import drop, keep, kept, write

NOTE_LENGTH = 200
_cached: dict[Any, list[PolicyRule]] = {}
# the rules, and what they state for the facts that were asked for
_worked_out: tuple[list[PolicyRule], dict[Any, dict[str, Limit]]] = ([], {})
_KEPT = "policies"


@dataclass(frozen=True)
class Version:
    """A version in the administrator's list. `state`: "in_force", "coming" or "past"."""

    version: int
    effective_from: datetime
    state: str
    stored_at: datetime | None = None
    stored_by: str = ""
    note: str = ""


def rules(session: Session) -> list[PolicyRule]:
    """Every rule of every version. A version is never edited once it holds, only followed by another one."""
    return kept(session, _KEPT, lambda: _look(session))


STAMP = Question(select(func.max(Policy.version), func.count().label("rows"), func.max(Policy.id)).select_from(Policy))


def _look(session: Session) -> list[PolicyRule]:
    return stamped(session, ask(session, STAMP())[0][0])


def know(session: Session, stamp: tuple[Any, ...]) -> None:
    """The answer to STAMP, asked together with something else: a write transaction need not ask again."""
    keep(session, _KEPT, stamped(session, stamp))


def stamped(session: Session, stamp: tuple[Any, ...]) -> list[PolicyRule]:
    """The rules as at a stamp: those that the process has, or read anew."""
    key = tuple(stamp)
    found = _cached.get(key)
    if found is None:
        rows = session.scalars(select(Policy).order_by(Policy.version, Policy.id))
        found = [_rule(row) for row in rows]
        _cached.clear()
        _cached[key] = found
    return found


def limits(session: Session, facts: Facts, version: int | None = None) -> dict[str, Limit]:
    """The limit of each clock for these facts, by the given version or the one in force. Raises NoPolicy."""
    return limits_for(rules(session), facts, version)


def stated(session: Session, facts: Facts, version: int) -> Mapping[str, Limit]:
    """What a version states for these facts, worked out once as long as the rules are the same. Raises NoPolicy."""
    global _worked_out
    found, worked_out = rules(session), _worked_out
    if worked_out[0] is not found:
        worked_out = _worked_out = (found, {})
    known = worked_out[1]
    key = (version, facts.kind, facts.category, facts.priority, facts.channel, facts.tier)
    if key not in known:
        known[key] = limits_for(found, facts, version)
    return known[key]


def store_version(session: Session, new: Iterable[PolicyRule]) -> int:
    """Add the rules of versions that the table does not hold yet; the number of rows added. The caller commits."""
    known = set(session.scalars(select(Policy.version)))
    rows = [_row(rule) for rule in new if rule.version not in known]
    session.add_all(rows)
    session.flush()
    drop(session, _KEPT)
    return len(rows)


# --- the administrator's side ---


def versions(session: Session, now: datetime) -> list[Version]:
    """Every version, the newest first, with who stored it."""
    statement = select(PolicyVersion, User.name).outerjoin(User, User.id == PolicyVersion.stored_by_id)
    notes = {row.version: (row, name or "") for row, name in session.execute(statement)}
    begins = {rule.version: rule.effective_from for rule in rules(session)}
    force = _in_force(session, now)
    found = []
    for version, begin in sorted(begins.items(), reverse=True):
        state = "in_force" if version == force else "coming" if begin > now else "past"
        row, name = notes.get(version, (None, ""))
        found.append(Version(version, begin, state, row.stored_at if row else None, name, row.note if row else ""))
    return found


def lines(session: Session, version: int) -> list[DraftLine]:
    """The lines of a version; empty when there is no such version."""
    return policy_draft.lines_of(rule for rule in rules(session) if rule.version == version)


def newest(session: Session) -> int:
    """The highest version number; 0 before the first."""
    return max((rule.version for rule in rules(session)), default=0)


def _in_force(session: Session, now: datetime) -> int:
    try:
        return version_in_force(rules(session), now)
    except NoPolicy:
        return 0


def check(session: Session, draft: Sequence[DraftLine], now: datetime) -> Faults:
    """What is wrong with a draft's lines."""
    categories = set(session.scalars(select(Category.code)))
    return policy_draft.faults(draft, categories=categories, calendars=calendars.calendars(session), now=now)


def store_draft(
    *, actor: Actor, draft: Sequence[DraftLine], effective_from: datetime | None, note: str, seen: int, now: datetime
) -> int:
    """Store a draft as the next version, in force from an instant that is not over (None: from now); its number.

    `seen` is the newest version when the draft was begun. Raises Stale when there is a newer one, and Invalid.
    """
    with write() as session:
        lock_key(session, "policy")
        if newest(session) != seen:
            raise Stale("policy_stale", version=newest(session))
        wrong = {}
        if effective_from is not None and effective_from < now:
            wrong["effective_from"] = "in_the_past"
        if len(note) > NOTE_LENGTH:
            wrong["note"] = "too_long"
        if check(session, draft, now):
            wrong["lines"] = "invalid"
        if wrong:
            raise Invalid(wrong)
        new = policy_draft.rules_of(draft, seen + 1, effective_from or now)
        session.add_all(_row(rule) for rule in new)
        session.add(PolicyVersion(version=seen + 1, stored_at=now, stored_by_id=actor.user_id, note=note.strip()))
        return seen + 1


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
