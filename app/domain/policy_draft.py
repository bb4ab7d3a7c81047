"""A policy version being drafted: lines as a person writes them, checked and put together to rules (rulebook 4).

A line states one limit: a key (empty = any), a clock, minutes and a calendar. The rules of a version hold the same
limits grouped by key; `lines_of` and `rules_of` turn one into the other.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.calendars import SEARCH_DAYS, Calendar, add_time
from app.domain.clocks import Limit
from app.domain.policies import CHANNELS, CLOCKS, FALLBACK, KEY_FIELDS, KINDS, PRIORITIES, PolicyRule, key_of

MOST_LINES = 200
MOST_MINUTES = 90 * 24 * 60  # longer than any clock of the rulebook, and what every sane calendar holds in a year
_TIER = re.compile(r"[A-Za-z0-9_-]{1,16}")
_MINUTES = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class DraftLine:
    """One line as typed: empty key fields mean "any"."""

    kind: str = ""
    category: str = ""
    priority: str = ""
    channel: str = ""
    tier: str = ""
    clock: str = ""
    minutes: str = ""
    calendar: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What the line applies to, in the order of KEY_FIELDS."""
        return tuple(getattr(self, name) for name in KEY_FIELDS)


@dataclass(frozen=True)
class Faults:
    """What is wrong with a draft: codes by line number and field, and the clocks that some ticket would not have."""

    fields: Mapping[tuple[int, str], str]
    uncovered: tuple[str, ...] = ()
    whole: str = ""

    def __bool__(self) -> bool:
        return bool(self.fields or self.uncovered or self.whole)


def lines_of(rules: Iterable[PolicyRule]) -> list[DraftLine]:
    """The rules of one version as lines: the general ones first, clocks in their usual order."""
    found = [
        DraftLine(**_typed(rule), clock=clock, minutes=str(limit.minutes), calendar=limit.calendar)
        for rule in rules
        for clock, limit in rule.limits.items()
    ]
    return sorted(found, key=lambda line: (sum(map(bool, line.key)), line.key, _place(line.clock)))


def rules_of(lines: Sequence[DraftLine], version: int, effective_from: datetime) -> list[PolicyRule]:
    """The lines as rules, one for each key. The lines have been checked: call `faults` first."""
    limits: dict[tuple[str, ...], dict[str, Limit]] = {}
    for line in lines:
        limits.setdefault(line.key, {})[line.clock] = Limit(int(line.minutes), line.calendar)
    return [
        PolicyRule(version, effective_from, kind or None, category or None, priority or None, channel or None,
                   tier or None, limits=stated)
        for (kind, category, priority, channel, tier), stated in limits.items()
    ]  # fmt: skip


def faults(
    lines: Sequence[DraftLine], *, categories: Collection[str], calendars: Mapping[str, Calendar], now: datetime
) -> Faults:
    """Everything that is wrong with a draft; a version without faults gives every ticket every limit."""
    known: dict[str, Collection[str]] = {
        "kind": KINDS, "category": categories, "priority": PRIORITIES, "channel": CHANNELS,
    }  # fmt: skip
    found: dict[tuple[int, str], str] = {}
    seen: set[tuple[str, ...]] = set()
    for n, line in enumerate(lines):
        for name, values in known.items():
            if getattr(line, name) and getattr(line, name) not in values:
                found[n, name] = "unknown"
        if line.tier and _TIER.fullmatch(line.tier) is None:
            found[n, "tier"] = "bad_tier"
        if line.clock not in CLOCKS:
            found[n, "clock"] = "unknown" if line.clock else "required"
        elif (*line.key, line.clock) in seen:
            found[n, "clock"] = "twice"
        seen.add((*line.key, line.clock))
        found |= {(n, name): code for name, code in _limit_faults(line, calendars, now).items()}
    general = {line.clock for line in lines if not any(line.key)}
    uncovered = tuple(clock for clock in CLOCKS if clock not in general and clock not in FALLBACK)
    return Faults(found, uncovered, "too_many" if len(lines) > MOST_LINES else "")


def _limit_faults(line: DraftLine, calendars: Mapping[str, Calendar], now: datetime) -> dict[str, str]:
    found = {}
    if _MINUTES.fullmatch(line.minutes) is None or int(line.minutes) == 0:
        found["minutes"] = "not_minutes" if line.minutes else "required"
    elif int(line.minutes) > MOST_MINUTES:
        found["minutes"] = "too_long"
    if line.calendar not in calendars:
        found["calendar"] = "unknown" if line.calendar else "required"
    if not found and not fits(calendars[line.calendar], int(line.minutes), now):
        found["minutes"] = "never_over"
    return found


def fits(calendar: Calendar, minutes: int, now: datetime) -> bool:
    """Whether the calendar is open long enough that such a limit ends within 400 days."""
    try:
        return add_time(calendar, now, timedelta(minutes=minutes)) - now <= timedelta(days=SEARCH_DAYS)
    except ValueError:
        return False


def _typed(rule: PolicyRule) -> dict[str, str]:
    return {name: value or "" for name, value in zip(KEY_FIELDS, key_of(rule), strict=True)}


def _place(clock: str) -> int:
    return CLOCKS.index(clock) if clock in CLOCKS else len(CLOCKS)
