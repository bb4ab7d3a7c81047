"""The read side of the analysis pages: sums of daily facts in an area, and the changes of rules. Select only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.analysis import Range
from app.domain.calendars import at_local, local_date, month_bounds
from app.domain.errors import NotAllowed, NotFound
from app.domain.roles import Actor
from app.models import (
    AuditPolicy,
    DayCounted,
    DayFact,
    Organisation,
    PenaltyRule,
    Policy,
    PolicyVersion,
    RectificationPolicy,
    ScoringScheme,
)
from app.services.day_facts import NETWORK

CHANGES_BACK = timedelta(days=400)
MOST_CHANGES = 60


@dataclass(frozen=True)
class Area:
    """What is looked at: a province, or the network (`id` 0). `code` is the organisation's, for links to cards."""

    id: int
    code: str
    name: str
    name_en: str


@dataclass(frozen=True)
class Change:
    """A version of a rule: `key` is kind and version ("policy-3", "penalty-loss-2"), `day` its first day."""

    key: str
    kind: str
    what: str
    version: int
    day: date
    note: str


def area(session: Session, actor: Actor, province: str = "") -> Area:
    """The actor's own province; for headquarters the network, or the province of that code.

    Raises NotAllowed for others, NotFound for an unknown province or one outside the scope.
    """
    if not actor.can("analysis"):
        raise NotAllowed("not_allowed")
    wanted = Organisation.kind == "headquarters"
    if actor.desk == "lcs":
        wanted = Organisation.id == actor.province_id
    elif province:
        wanted = (Organisation.code == province) & (Organisation.kind == "province")
    row = session.scalars(select(Organisation).where(wanted).order_by(Organisation.code).limit(1)).first()
    if row is None or (province and row.code != province):
        raise NotFound("organisation_not_found")
    return Area(NETWORK if row.kind == "headquarters" else row.id, row.code, row.name, row.name_en)


def provinces(session: Session, actor: Actor) -> list[Organisation]:
    """The provinces that the actor may choose among; none for a province's own desk."""
    if actor.desk != "ccs":
        return []
    return list(
        session.scalars(select(Organisation).where(Organisation.kind == "province").order_by(Organisation.code))
    )


def sums(session: Session, where: Area, days: Range, kinds: Sequence[str]) -> dict[str, dict[str, int]]:
    """By kind and code the sums over the days."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
    rows = (
        select(DayFact.kind, DayFact.code, func.sum(DayFact.n))
        .where(DayFact.scope_id == where.id, DayFact.kind.in_(kinds), DayFact.day.between(days.first, days.last))
        .group_by(DayFact.kind, DayFact.code)
    )
    for kind, code, n in session.execute(rows):
        found[kind][code] = int(n)
    return found


def by_day(session: Session, where: Area, days: Range, kind: str) -> dict[date, dict[str, int]]:
    """By day and code the numbers of a kind."""
    found: dict[date, dict[str, int]] = {}
    rows = select(DayFact.day, DayFact.code, DayFact.n).where(
        DayFact.scope_id == where.id, DayFact.kind == kind, DayFact.day.between(days.first, days.last)
    )
    for day, code, n in session.execute(rows):
        found.setdefault(day, {})[code] = n
    return found


def as_of(session: Session, days: Range) -> tuple[int, datetime | None]:
    """How many days of the range are counted, and when the one that is counted longest ago was."""
    rows = select(func.count(), func.min(DayCounted.counted_at)).where(DayCounted.day.between(days.first, days.last))
    n, at = session.execute(rows).one()
    return n, at


def names(session: Session, ids: Sequence[int]) -> Mapping[int, Organisation]:
    """The organisations of these ids."""
    if not ids:
        return {}
    return {row.id: row for row in session.scalars(select(Organisation).where(Organisation.id.in_(ids)))}


def changes(session: Session, now: datetime) -> list[Change]:
    """Versions of rules that came into force since CHANGES_BACK, the latest first; the first ones are no change."""
    since = now - CHANGES_BACK
    found = [*_policies(session, since, now), *_penalty_rules(session, since, now), *_stored(session, since)]
    schemes = select(ScoringScheme).where(ScoringScheme.version > 1)
    for row in session.scalars(schemes.order_by(ScoringScheme.version.desc()).limit(MOST_CHANGES)):
        begin = month_bounds(row.from_month)[0]
        if since <= begin <= now:
            found.append(Change(f"scoring-{row.version}", "scoring", "", row.version, local_date(begin), row.note))
    return sorted(found, key=lambda one: (one.day, one.key), reverse=True)[:MOST_CHANGES]


def _policies(session: Session, since: datetime, now: datetime) -> list[Change]:
    rows = (
        select(Policy.version, func.min(Policy.effective_from), func.max(PolicyVersion.note))
        .outerjoin(PolicyVersion, PolicyVersion.version == Policy.version)
        .group_by(Policy.version).having(func.min(Policy.effective_from).between(since, now))
    )  # fmt: skip
    return [
        Change(f"policy-{version}", "policy", "", version, local_date(at), note or "")
        for version, at, note in session.execute(rows) if version > 1
    ]  # fmt: skip


def _penalty_rules(session: Session, since: datetime, now: datetime) -> list[Change]:
    rows = select(PenaltyRule).where(PenaltyRule.version > 1, PenaltyRule.effective_from.between(since, now))
    return [
        Change(
            f"penalty-{row.code}-{row.version}", "penalty", row.code, row.version, local_date(row.effective_from), ""
        )
        for row in session.scalars(rows.order_by(PenaltyRule.effective_from.desc()).limit(MOST_CHANGES))
    ]


def _stored(session: Session, since: datetime) -> list[Change]:
    """Numbers that hold from when they were stored."""
    found = []
    for kind, table in (("audit", AuditPolicy), ("rectification", RectificationPolicy)):
        rows = select(table.version, table.stored_at, table.note).where(table.version > 1, table.stored_at >= since)
        found += [
            Change(f"{kind}-{version}", kind, "", version, local_date(at), note)
            for version, at, note in session.execute(rows)
        ]
    return found


def instants(days: Range) -> tuple[datetime, datetime]:
    """The range as instants, the end excluded."""
    midnight = datetime.min.time()
    return at_local(days.first, midnight), at_local(days.last + timedelta(days=1), midnight)
