"""Which results are audited: a stratified random sample that anybody can draw again (rulebook 3.13).

A site is a stratum. Chance is a hash of the stored seed and the result's id, so that neither the order of the rows nor
the machine has a say. Red flags and rejected results go first, up to the site's cap; the rest fills the share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domain.audit_policy import AuditPolicy

SAMPLE, RED_FLAG, APPEAL, RECHECK = "sample", "red_flag", "appeal", "recheck"
FIRST = (APPEAL, RED_FLAG)  # why a result goes before chance


@dataclass(frozen=True)
class Candidate:
    """A result that was not audited yet. `why`: APPEAL or RED_FLAG where it goes first, else SAMPLE."""

    id: int
    stratum: int
    why: str = SAMPLE


@dataclass(frozen=True)
class Stratum:
    """How a site stands in the month so far: results given, audits drawn, and the weight of its share in percent."""

    results: int
    drawn: int
    weight: int = 100


@dataclass(frozen=True)
class Plan:
    """How much is drawn. `minimum` and `cap` hold for the month, of which `elapsed` of `days` days are over; `cap` None
    is no cap."""

    share_percent: int
    minimum: int
    cap: int | None
    elapsed: int = 1
    days: int = 1


def plan_of(policy: AuditPolicy, elapsed: int, days: int) -> Plan:
    """The plan of the daily sample on the `elapsed`-th of `days` days of a month."""
    return Plan(policy.share_percent, policy.minimum, policy.cap, elapsed, days)


def weight(policy: AuditPolicy, *, new: bool, offender: bool) -> int:
    """The weight of a site's share in percent: new sites and repeat offenders are looked at more often; the larger
    weight counts."""
    weights = [100, policy.new_site_percent if new else 100, policy.offender_percent if offender else 100]
    return max(weights)


def quota(plan: Plan, site: Stratum) -> int:
    """How many audits a site has to have by now in the month: its weighted share rounded up, at least the minimum
    spread over the month's days, at most the cap and all its results."""
    share = _up(site.results * plan.share_percent * site.weight, 10_000)
    spread = _up(plan.minimum * min(plan.elapsed, plan.days), plan.days)
    wanted = min(max(share, spread), site.results)
    return wanted if plan.cap is None else min(wanted, plan.cap)


def draw(
    seed: str, candidates: Iterable[Candidate], strata: Mapping[int, Stratum], plan: Plan
) -> tuple[Candidate, ...]:
    """What is audited, by stratum and chance. Red flags and appeals are all drawn as long as the cap allows."""
    by_site: dict[int, list[Candidate]] = {}
    for one in candidates:
        by_site.setdefault(one.stratum, []).append(one)
    return tuple(one for site_id in sorted(by_site) for one in _of_site(seed, by_site[site_id], strata[site_id], plan))


def _of_site(seed: str, candidates: list[Candidate], site: Stratum, plan: Plan) -> list[Candidate]:
    line = sorted(candidates, key=lambda one: (one.why not in FIRST, chance(seed, one.id)))
    first = sum(one.why in FIRST for one in line)
    room = len(line) if plan.cap is None else max(0, plan.cap - site.drawn)
    return line[: min(room, max(first, quota(plan, site) - site.drawn))]


def chance(seed: str, result_id: int) -> str:
    """The lot of one result: the same wherever and whenever it is drawn."""
    return hashlib.sha256(f"{seed}:{result_id}".encode()).hexdigest()


def digest(rows: Iterable[tuple[object, ...]]) -> str:
    """The SHA-256 of rows whatever their order, to tell whether two draws saw or chose the same."""
    lines = sorted("|".join(str(cell) for cell in row) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
