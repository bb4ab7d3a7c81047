"""Policies: which limits hold for a ticket (rulebook 4, first paragraph and table; rulebook 2 "Priority").

A policy is versioned data: rows with a key of kind x category x priority x channel x tier, where None means "any".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.clocks import Limit
from app.domain.kinds import KINDS as KINDS

# From the least to the most telling field. Of two rules that state equally many, the one that states the more telling
# field wins: e-mail (channel) beats complaint (kind), a customer's own tier beats everything.
KEY_FIELDS = ("kind", "category", "priority", "channel", "tier")
# What a key may state beside the categories (a table) and the tiers (codes of customer accounts); rulebook 2.
PRIORITIES = ("urgent", "high", "normal")
CHANNELS = ("platform", "telephone", "wechat", "alipay", "qq", "web", "email", "letter", "regulator")
# The limits by which a run of that clock may have begun, the usual one first.
OTHER_LIMITS = {"resolve": ("rework",), "objection": ("objection_rework",), "ruling": ("transfer",)}

HOUR = 60
DAY = 24 * HOUR
URGENT_CATEGORIES = frozenset({"LOST", "DAMAGED"})
PLATFORM_URGENT = 3


class NoPolicy(LookupError):
    """No policy version is in force at the instant, or the version asked for has no rule."""

    code = "no_policy"


@dataclass(frozen=True)
class PolicyRule:
    """One row of a policy version: key fields (None = any) and the limits that it states, by clock name."""

    version: int
    effective_from: datetime
    kind: str | None = None
    category: str | None = None
    priority: str | None = None
    channel: str | None = None
    tier: str | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Facts:
    """What a policy asks of a ticket. `opened_at` (UTC) chooses the version."""

    kind: str
    category: str | None
    priority: str | None
    channel: str | None
    tier: str | None
    opened_at: datetime


def version_in_force(rules: Iterable[PolicyRule], at: datetime) -> int:
    """The version with the latest `effective_from` at or before `at` (the higher number where two are equal).

    Raises NoPolicy where none is in force yet.
    """
    begun = [(rule.effective_from, rule.version) for rule in rules if rule.effective_from <= at]
    if not begun:
        raise NoPolicy(f"no policy in force at {at.isoformat()}")
    return max(begun)[1]


def limits_for(rules: Sequence[PolicyRule], facts: Facts, version: int | None = None) -> dict[str, Limit]:
    """The limit of each clock, from the most specific matching rule that states it.

    `version` is the version the ticket keeps; None takes the one in force when it was opened. The more fields a rule
    states the more specific it is; on equal counts kind < category < priority < channel < tier. Two rules with the same
    key are a mistake in the data: the shorter limit holds, whatever the order of the rows. Clocks that no rule states
    are missing from the result. Raises NoPolicy where there is no such version.
    """
    return {clock: rule.limits[clock] for clock, rule in deciding(rules, facts, version).items()}


def deciding(rules: Sequence[PolicyRule], facts: Facts, version: int | None = None) -> dict[str, PolicyRule]:
    """The rule that gives each clock its limit: the choice of `limits_for`, for whoever has to explain it."""
    chosen = version_in_force(rules, facts.opened_at) if version is None else version
    rows = [rule for rule in rules if rule.version == chosen]
    if not rows:
        raise NoPolicy(f"policy version {chosen} has no rule")
    best: dict[str, tuple[tuple[int, int, int, str], PolicyRule]] = {}
    for rule in rows:
        if _matches(rule, facts):
            for clock, limit in rule.limits.items():
                rank = (*_specificity(rule), -limit.minutes, limit.calendar)
                if clock not in best or rank > best[clock][0]:
                    best[clock] = (rank, rule)
    return {clock: rule for clock, (_, rule) in best.items()}


Vary = Callable[[Mapping[str, Limit]], Mapping[str, Limit]]


@dataclass(frozen=True)
class Basis:
    """Where a run's limit came from: the limit's name, the facts it was asked for, and the rule that stated it."""

    clock: str
    facts: Facts
    rule: PolicyRule


def basis_of(
    rules: Sequence[PolicyRule], candidates: Iterable[Facts], names: Sequence[str], limit: Limit, version: int,
    vary: Vary = dict,
) -> Basis | None:  # fmt: skip
    """The first of the names and facts whose limit under that version is this one; None when none is.

    A ticket's priority and category may have changed since a run began: `candidates` are the facts it may have had, the
    likeliest first. `vary` is what the ticket makes of a policy's limits. Raises NoPolicy without such a version.
    """
    choices = [(facts, deciding(rules, facts, version)) for facts in candidates]
    for name in names:
        for facts, chosen in choices:
            if name in chosen and vary({name: chosen[name].limits[name]})[name] == limit:
                return Basis(name, facts, chosen[name])
    return None


def default_rules(effective_from: datetime, version: int = 1) -> list[PolicyRule]:
    """The defaults of rulebook 4 as one version.

    The rule without a key holds for every kind: first reply 4 h, resolve 48 h. Complaints answer in 30 service minutes,
    e-mail of any kind in 2 service hours; urgent and high shorten `resolve`; the regulator has 15 days. `rework` is the
    resolve run after a return or a broken promise, `objection_rework` the objection window after one. `delivery` is how
    long a result may stay unconfirmed before the window counts from its sending, `reopen` how long a repeat re-opens a
    closed ticket, `transit` how long a parcel may be on its way from its collection, `pickup` an order wait for it.
    `ruling` is one working day = the 720 minutes of its service hours. The `platform` clock has no limit: the platform
    names its due.
    """

    def rule(limits: Mapping[str, Limit], **key: str) -> PolicyRule:
        return PolicyRule(version=version, effective_from=effective_from, limits=limits, **key)

    return [
        rule(_common_limits()),
        rule({"first_reply": Limit(30, "service")}, kind="complaint"),
        rule({"first_reply": Limit(2 * HOUR, "service")}, channel="email"),
        rule({"resolve": Limit(12 * HOUR, "always")}, priority="urgent"),
        rule({"resolve": Limit(24 * HOUR, "always")}, priority="high"),
        rule({"legal": Limit(15 * DAY, "always")}, channel="regulator"),
    ]


def default_priority(
    category: str,
    *,
    promised_today: bool = False,
    repeated: bool = False,
    platform_priority: int | None = None,
) -> str:
    """The priority of a complaint, "urgent" or "high" (rulebook 2): lost, damaged, promised today, repeated or marked 3
    by the platform is urgent, every other complaint high. Other kinds are "normal" and do not ask."""
    marked = platform_priority == PLATFORM_URGENT
    return "urgent" if category in URGENT_CATEGORIES or promised_today or repeated or marked else "high"


def key_of(rule: PolicyRule) -> tuple[str | None, ...]:
    """What a rule applies to, in the order of KEY_FIELDS; None = any."""
    return tuple(getattr(rule, name) for name in KEY_FIELDS)


# What versions from before these limits existed are read to say.
FALLBACK = {
    "reopen": Limit(7 * DAY, "always"), "delivery": Limit(DAY, "always"), "transit": Limit(3 * DAY, "always"),
    "pickup": Limit(DAY, "always"),
}  # fmt: skip


def _common_limits() -> dict[str, Limit]:
    return {
        "accept": Limit(10, "service"),
        "first_reply": Limit(4 * HOUR, "service"),
        "resolve": Limit(48 * HOUR, "always"),
        "rework": Limit(12 * HOUR, "always"),
        "close": Limit(24 * HOUR, "always"),
        "party_reply": Limit(12 * HOUR, "service"),
        "transfer": Limit(30, "service"),
        "ruling": Limit(12 * HOUR, "working"),
        "appeal": Limit(24 * HOUR, "always"),
        "objection": Limit(48 * HOUR, "always"),
        "objection_rework": Limit(24 * HOUR, "always"),
        "waiting": Limit(24 * HOUR, "always"),
        "legal": Limit(7 * DAY, "always"),
        **FALLBACK,
    }


def _matches(rule: PolicyRule, facts: Facts) -> bool:
    return all(getattr(rule, name) in (None, getattr(facts, name)) for name in KEY_FIELDS)


def _specificity(rule: PolicyRule) -> tuple[int, int]:
    stated = [getattr(rule, name) is not None for name in KEY_FIELDS]
    return sum(stated), sum(2**place for place, given in enumerate(stated) if given)


CLOCKS = tuple(_common_limits())
