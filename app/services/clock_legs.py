"""A clock run told by the ticket's events: which line of the policy gave its limit, and the legs it was counted in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.calendars import NOTHING, Calendar
from app.domain.clocks import Limit
from app.domain.explain import Leg, Pause, leg_due
from app.domain.policies import OTHER_LIMITS, PRIORITIES, Basis, Facts, NoPolicy, PolicyRule, Vary, basis_of, limits_for

RUN_EVENTS = (
    "clock_started", "clock_stopped", "clock_void", "clock_shortened", "clock_paused", "clock_resumed",
    "clock_breached", "clock_exempted",
)  # fmt: skip
RAISES = ("repeat", "priority_raised")  # entries that raise a ticket's priority (rulebook 3.12, 4)


URGENT = "urgent"


@dataclass(frozen=True)
class Happening:
    """One event as far as a run's story needs it."""

    type: str
    at: datetime
    data: Mapping[str, Any]

    def of(self, kind: str, run: int) -> bool:
        """Whether it is about that run."""
        return self.data.get("kind") == kind and self.data.get("run") == run


@dataclass(frozen=True)
class Run:
    """A clock row as plain values. `reworked`: a resolve that did not begin with a routing, an objection after one."""

    kind: str
    run: int
    limit: Limit
    started_at: datetime
    due_at: datetime
    reworked: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The limits by which it may have begun, the likeliest first."""
        other = OTHER_LIMITS.get(self.kind, ())
        return (*other, self.kind) if self.reworked else (self.kind, *other)


@dataclass(frozen=True)
class Known:
    """What a ticket is and was: its facts now, those it came with, and when its priority was raised."""

    facts: Facts
    category: str
    priority: str
    raised: tuple[datetime, ...] = ()
    vary: Vary = dict  # what the ticket makes of a policy's limits

    def candidates(self, at: datetime) -> list[Facts]:
        """The facts that it may have had at an instant, the likeliest first."""
        then = [self.facts.priority] if any(r <= at for r in self.raised) else [self.priority, self.facts.priority]
        pairs = [(c, p) for p in (*then, *PRIORITIES) for c in (self.category, self.facts.category)]
        return [replace(self.facts, category=c, priority=p) for c, p in dict.fromkeys(pairs)]


def known_of(facts: Facts, happenings: Iterable[Happening]) -> Known:
    """The ticket's past from its first entry and what made it urgent; an entry that tells nothing means "as now"."""
    received: Mapping[str, Any] = {}
    raised = []
    for one in happenings:
        if one.type == "received":
            received = one.data
        elif one.type in RAISES and one.data.get("after", URGENT) == URGENT:
            raised.append(one.at)
    category, priority = received.get("category") or facts.category, received.get("priority") or facts.priority
    return Known(facts, category or "", priority or "", tuple(raised))


def basis(rules: Sequence[PolicyRule], known: Known, run: Run, version: int, vary: Vary = dict) -> Basis | None:
    """Where the run's limit came from, or None for one that no line of the version gives.

    `vary` is given by whoever takes a line also where the ticket has made something of it.
    """
    try:
        return basis_of(rules, known.candidates(run.started_at), run.names, run.limit, version, vary)
    except NoPolicy:
        return None


@dataclass(frozen=True)
class Told:
    """A leg with the due that its events tell, and whether the leg is a shortening."""

    leg: Leg
    due: datetime
    shortened: bool = False


def told_legs(
    rules: Sequence[PolicyRule], known: Known, run: Run, version: int, happenings: Sequence[Happening],
    calendars_at: Callable[[datetime], Mapping[str, Calendar]],
) -> list[Told]:  # fmt: skip
    """The legs of a run as events tell them; limits of shortenings and the urgent rule are what fits the due."""
    own = [one for one in happenings if one.of(run.kind, run.run)]
    cuts = [one.at for one in own if one.type == "clock_shortened"]
    found = []
    for n, begins in enumerate([run.started_at, *cuts]):
        ends = cuts[n] if n < len(cuts) else None
        within = [one for one in own if (n == 0 or one.at >= begins) and (ends is None or one.at < ends)]
        due = run.due_at if ends is None else _due_told(within) or run.due_at
        high, still = high_limit(rules, known, run, version), _stood_still(own)
        pauses = pauses_within(own, begins, ends)
        limits = _limits_then(rules, known, run, version, begins) if n else [run.limit]
        legs = [Leg(limit, begins, pauses, cap) for limit in limits for cap in dict.fromkeys((None, high))]
        legs += [replace(leg, stood_still=still) for leg in legs if still]
        found.append(Told(_fitting(legs, calendars_at(begins), due), due, shortened=n > 0))
    return found


def _fitting(legs: Sequence[Leg], calendars: Mapping[str, Calendar], due: datetime) -> Leg:
    return next((leg for leg in legs if leg_due(leg, calendars) == due), legs[0])


def _limits_then(rules: Sequence[PolicyRule], known: Known, run: Run, version: int, at: datetime) -> list[Limit]:
    """The limits that a shortening may have given, the likeliest first."""
    stated = [known.vary(_stated(rules, facts, version)) for facts in known.candidates(at)]
    limits = [one.get(run.kind) for one in stated]
    return list(dict.fromkeys(limit for limit in limits if limit is not None)) or [run.limit]


def high_limit(rules: Sequence[PolicyRule], known: Known, run: Run, version: int) -> Limit | None:
    """The limit that caps an urgent `resolve`; no other clock knows the rule."""
    if run.kind != "resolve":
        return None
    return known.vary(_stated(rules, replace(known.facts, priority="high"), version)).get("resolve")


def _stated(rules: Sequence[PolicyRule], facts: Facts, version: int) -> dict[str, Limit]:
    try:
        return limits_for(rules, facts, version)
    except NoPolicy:
        return {}


def _due_told(happenings: Sequence[Happening]) -> datetime | None:
    dues = [
        one.data["due_at"] for one in happenings if one.type in ("clock_started", "clock_shortened", "clock_resumed")
    ]
    return datetime.fromisoformat(dues[-1]) if dues else None


def pauses_of(happenings: Sequence[Happening]) -> tuple[Pause, ...]:
    """The pauses among a run's events; the last one may still last."""
    found, begins = [], None
    for one in happenings:
        if one.type == "clock_paused":
            begins = one.at
        elif one.type == "clock_resumed" and begins is not None:
            found.append(Pause(begins, one.at))
            begins = None
    return (*found, Pause(begins)) if begins is not None else tuple(found)


def pauses_within(happenings: Sequence[Happening], begins: datetime, ends: datetime | None = None) -> tuple[Pause, ...]:
    """The pauses that lie in a leg: one that began before it is the leg's from its begin, one that lasts beyond it has
    no end in it."""
    return tuple(
        Pause(max(one.begins, begins), None if one.ends is None or (ends and one.ends >= ends) else one.ends)
        for one in pauses_of(happenings)
        if (one.ends is None or one.ends > begins) and (ends is None or one.begins < ends)
    )


def _stood_still(happenings: Sequence[Happening]) -> timedelta:
    """The waiting of an imported run, which its last event tells as a sum."""
    seconds = [one.data.get("paused_seconds") for one in happenings]
    return timedelta(seconds=next((n for n in reversed(seconds) if n), 0)) if seconds else NOTHING
