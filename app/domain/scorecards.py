"""What stands on a scorecard: the counts of a month, and the one canonical body made of them (rulebook 5).

Pure: the figures come in, be it from the tables or folded from the event log, and the same body comes out.
Money is fen, times are whole seconds, points and scores are tenths, rates are never stored (they follow from counts).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from app.domain import scoring
from app.domain.scoring import Measure, Score, ScoredMeasure
from app.domain.scoring_scheme import INVERSE, KEYS, Scheme

FORMAT = 1
ASSESSED = ("site", "hub")
ABOVE = ("province", "headquarters")
OWN_ONLY = ("ruling_due", "ruling_in_time", "assists", "chased")  # what a province did itself, not its sites
Counts = tuple[tuple[str, int], ...]


@dataclass
class Facts:
    """What a month of an organisation is assessed on; every number is a count of cases (`rating_sum`: of marks)."""

    tickets: int = 0
    open: int = 0
    first_reply_due: int = 0
    first_reply_in_time: int = 0
    resolve_due: int = 0
    resolve_in_time: int = 0
    party_reply_due: int = 0
    party_reply_in_time: int = 0
    results: int = 0
    appeals: int = 0
    upheld: int = 0
    repeats: int = 0
    audited: int = 0
    audited_true: int = 0
    promise_due: int = 0
    promise_in_time: int = 0
    ratings: int = 0
    rating_sum: int = 0
    disputes: int = 0
    interventions: int = 0
    ruling_due: int = 0
    ruling_in_time: int = 0
    assists: int = 0
    chased: int = 0

    def add(self, other: Facts) -> None:
        """Count the cases of another organisation too."""
        own = vars(self)
        for name, number in vars(other).items():
            if number:
                own[name] += number

    @property
    def overdue(self) -> int:
        """Clock runs of the assessed kinds that were decided as late."""
        due = self.first_reply_due + self.resolve_due + self.party_reply_due
        return due - self.first_reply_in_time - self.resolve_in_time - self.party_reply_in_time


NAMES = tuple(one.name for one in fields(Facts))
# numerator and denominator of each measure, by the names of Facts
PARTS = {
    "first_reply": ("first_reply_in_time", "first_reply_due"), "result": ("resolve_in_time", "resolve_due"),
    "party_reply": ("party_reply_in_time", "party_reply_due"), "audit": ("audited_true", "audited"),
    "appeal": ("upheld", "results"), "promise": ("promise_in_time", "promise_due"),
    "satisfaction": ("rating_sum", "ratings"), "repeat": ("repeats", "tickets"),
}  # fmt: skip


@dataclass(frozen=True)
class Node:
    """An organisation as the month saw it. `province_id` is its own id for a province, None for headquarters."""

    id: int
    code: str
    kind: str
    name: str
    name_en: str
    province_id: int | None
    onboarded_from: str = ""  # a day as ISO, empty: always


@dataclass
class Figures:
    """All numbers of one organisation's month. `handling` is (median, 90th percentile) in seconds."""

    facts: Facts = field(default_factory=Facts)
    handling: tuple[int | None, int | None] = (None, None)
    categories: Counts = ()
    causes: Counts = ()
    penalties: Mapping[str, int] = field(default_factory=dict)
    delivered: int | None = None
    previous: int | None = None


def measures_of(facts: Facts, scheme: Scheme) -> tuple[Measure, ...]:
    """The eight measures with their weights and scales of a version."""
    counts, weights = vars(facts), scheme.weights
    return tuple([
        Measure(key, weights[key], counts[PARTS[key][0]], counts[PARTS[key][1]], key in INVERSE, scheme.scale(key))
        for key in KEYS
    ])  # fmt: skip


def score_of(facts: Facts, scheme: Scheme) -> Score:
    """Points, score and grade of a month by a version."""
    return scoring.score(measures_of(facts, scheme), scheme.min_cases, scheme.grades)


def roll_up(nodes: Iterable[Node], facts: Mapping[int, Facts]) -> dict[int, Facts]:
    """The facts of everybody in `nodes`: a province counts its members and itself, headquarters everybody."""
    found: dict[int, Facts] = {}
    everybody, provinces = Facts(), dict[int, Facts]()
    nodes = list(nodes)
    for node in nodes:
        own = facts.get(node.id, Facts())
        everybody.add(own)
        if node.province_id is not None:
            provinces.setdefault(node.province_id, Facts()).add(own)
        found[node.id] = own
    for node in nodes:
        if node.kind in ABOVE:
            whole = everybody if node.kind == "headquarters" else provinces.get(node.id, Facts())
            found[node.id] = replace(whole, **{name: getattr(found[node.id], name) for name in OWN_ONLY})
    return found


def _group(node: Node, facts: Mapping[int, Facts], scheme: Scheme) -> tuple[str, int]:
    """Who is ranked together: the own kind, sites and hubs inside their volume band."""
    return node.kind, scoring.volume_band(facts[node.id].tickets, scheme.bands) if node.kind in ASSESSED else 0


def peers(own: Node, nodes: Iterable[Node], facts: Mapping[int, Facts], scheme: Scheme) -> list[Node]:
    """Everybody who is ranked together with `own`, itself included; facts are rolled up."""
    group = _group(own, facts, scheme)
    return [node for node in nodes if _group(node, facts, scheme) == group]


def ranks(
    nodes: Iterable[Node], facts: Mapping[int, Facts], totals: Mapping[int, int | None], scheme: Scheme
) -> dict[int, tuple[int, int]]:
    """(rank, ranked) inside the volume band among the own kind, equal scores share the better rank; provinces are
    ranked together, whatever their volume. Who has no score has no rank."""
    groups: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for node in nodes:
        total = totals.get(node.id)
        if total is not None and node.kind != "headquarters":
            groups.setdefault(_group(node, facts, scheme), []).append((total, node.id))
    return {key: (rank, len(group)) for group in groups.values() for key, rank in _ranked(group)}


def _ranked(group: list[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    rank, last = 0, None
    for place, (total, key) in enumerate(sorted(group, key=lambda pair: (-pair[0], pair[1])), 1):
        rank = rank if total == last else place
        last = total
        yield key, rank


def bodies(
    *, month: str, nodes: Sequence[Node], figures: Mapping[int, Figures], scheme: Scheme
) -> dict[int, dict[str, Any]]:
    """The body of every organisation's card by its id, to be spelled canonically. `figures` hold the rolled-up facts
    of everybody in `nodes`."""
    scores = {node.id: score_of(figures[node.id].facts, scheme) for node in nodes}
    facts = {node.id: figures[node.id].facts for node in nodes}
    placed = ranks(nodes, facts, {key: score.total_tenths for key, score in scores.items()}, scheme)
    return {
        node.id: body(month, node, figures[node.id], scores[node.id], placed.get(node.id), scheme) for node in nodes
    }


def body(
    month: str, node: Node, own: Figures, score: Score, rank: tuple[int, int] | None, scheme: Scheme
) -> dict[str, Any]:
    """One card as plain JSON values; integers and texts only, so that there is one spelling of it."""
    return {
        "format": FORMAT, "month": month, "scheme": scheme.version,
        "organisation": dict(vars(node)),
        "facts": dict(vars(own.facts)),
        "measures": [
            {"key": m.key, "weight": m.weight, "numerator": m.numerator, "denominator": m.denominator,
             "points": m.points_tenths}
            for m in score.measures
        ],
        "score": score.total_tenths, "grade": score.grade, "rank": list(rank) if rank else None,
        "handling": list(own.handling), "categories": [list(pair) for pair in own.categories],
        "causes": [list(pair) for pair in own.causes], "penalties": dict(own.penalties),
        "delivered": own.delivered, "previous": own.previous,
    }  # fmt: skip


def node_of(plain: Mapping[str, Any]) -> Node:
    """The organisation of a stored body."""
    return Node(**plain["organisation"])


def facts_of(plain: Mapping[str, Any]) -> Facts:
    """The facts of a stored body; a count that is newer than the body is 0."""
    return Facts(**{name: int(n) for name, n in plain["facts"].items() if name in NAMES})


def changed(before: Facts, now: Facts) -> list[tuple[str, int, int]]:
    """(name, before, now) of every count that differs, in their order."""
    pairs = ((name, getattr(before, name), getattr(now, name)) for name in NAMES)
    return [one for one in pairs if one[1] != one[2]]


def with_facts(own: Figures, facts: Facts) -> Figures:
    """The same figures over rolled-up facts."""
    return replace(own, facts=facts)


def complaint_rate(tickets: int, delivered: int | None) -> int | None:
    """Complaints per 100,000 delivered in hundredths, half up (投诉率); None without a volume."""
    if not delivered:
        return None
    return (tickets * 100_000 * 100 * 2 + delivered) // (2 * delivered)


def scored(plain: Mapping[str, Any]) -> Score:
    """The score of a stored body with the rates and effective weights that follow from its counts."""
    lines = plain["measures"]
    weights = sum(int(m["weight"]) for m in lines if m["points"] is not None)
    return Score(tuple(_scored(m, weights) for m in lines), plain["score"], plain["grade"])


def _scored(line: Mapping[str, Any], weights: int) -> ScoredMeasure:
    key, points = line["key"], line["points"]
    return ScoredMeasure(
        key, int(line["weight"]), int(line["numerator"]), int(line["denominator"]), key in INVERSE,
        0 if points is None else weights, None if points is None else int(points),
    )  # fmt: skip
