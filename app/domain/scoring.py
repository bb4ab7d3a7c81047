"""Scoring: measures to points, score, grade, rank, percentiles (rulebook 5 "Scorecard").

Everything is exact, in whole numbers, until the one rounding of a measure's points to tenths, half up
(`_tenths_half_up`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

FULL_SCORE = 100
FULL_TENTHS = FULL_SCORE * 10
MIN_CASES = 5
GRADES = ((900, "A"), (800, "B"), (700, "C"))
LOWEST_GRADE = "D"
VOLUME_BANDS = (30, 100, 300)


@dataclass(frozen=True)
class Scale:
    """How a value becomes a share of the weight: from `full` on all, below `zero` nothing, linear between.

    Raises ValueError where zero lies above full.
    """

    full: Fraction
    zero: Fraction

    def __post_init__(self) -> None:
        if self.zero > self.full:
            raise ValueError("a scale rises from zero to full")

    def share(self, value: Fraction) -> Fraction:
        """The share 0..1 of the weight that a value earns."""
        return Fraction(*self.share_of(value.numerator, value.denominator))

    def share_of(self, top: int, bottom: int) -> tuple[int, int]:
        """The same of a value and as a share in two whole numbers, numerator and denominator, not reduced."""
        full, zero = self.full, self.zero
        if top * full.denominator >= full.numerator * bottom:
            return 1, 1
        above = top * zero.denominator - zero.numerator * bottom
        if above <= 0:
            return 0, 1
        steps = full.numerator * zero.denominator - zero.numerator * full.denominator
        return above * full.denominator, steps * bottom


DEFAULT_SCALE = Scale(full=Fraction(98, 100), zero=Fraction(85, 100))
SATISFACTION_SCALE = Scale(full=Fraction(45, 10), zero=Fraction(3))


@dataclass(slots=True)
class Measure:
    """One line of a scorecard: cases counted. `inverse` means 1 - n/d (appeals upheld, repeats).

    Satisfaction gives the sum of the ratings over their number, with SATISFACTION_SCALE. Raises ValueError for
    negative numbers.
    """

    key: str
    weight: int
    numerator: int
    denominator: int
    inverse: bool = False
    scale: Scale = DEFAULT_SCALE

    def __post_init__(self) -> None:
        if self.weight < 0 or self.numerator < 0 or self.denominator < 0:
            raise ValueError(f"measure {self.key} has a negative number")


@dataclass(slots=True)
class ScoredMeasure:
    """A measure with its result; value, effective weight and points are None where it is not counted (printed "—").

    A month's close makes hundreds of thousands and prints none: the two fractions are worked out when they are asked.
    `weights` is the sum of the counted weights, 0 for a measure that is not counted.
    """

    key: str
    weight: int
    numerator: int
    denominator: int
    inverse: bool
    weights: int
    points_tenths: int | None

    @property
    def value(self) -> Fraction | None:
        """The rate or mean that earned the points."""
        if not self.weights:
            return None
        rate = Fraction(self.numerator, self.denominator)
        return 1 - rate if self.inverse else rate

    @property
    def effective_weight(self) -> Fraction | None:
        """The weight when those that are not counted have given theirs to the others."""
        return Fraction(self.weight * FULL_SCORE, self.weights) if self.weights else None


@dataclass(frozen=True)
class Score:
    """All measures in the order given; total in tenths of a point 0..1000 and grade, None where nothing is counted."""

    measures: tuple[ScoredMeasure, ...]
    total_tenths: int | None
    grade: str | None


def score(measures: Sequence[Measure], min_cases: int = MIN_CASES, grades: Sequence[tuple[int, str]] = GRADES) -> Score:
    """Points per measure and the score.

    A measure with fewer than `min_cases` cases is not counted: its weight goes to the others in proportion, so that the
    effective weights always sum to exactly 100. Points are rounded half up to 0.1, the score is the sum of the rounded
    points. Rounding alone can bring that sum to 100.1 or 100.2; the score is 0-100, so it ends at 100.
    """
    least = max(min_cases, 1)
    weights = sum([m.weight for m in measures if m.denominator >= least])
    scored = tuple([_scored(m, weights if m.weight and m.denominator >= least else 0) for m in measures])
    points = [m.points_tenths for m in scored if m.points_tenths is not None]
    if not points:
        return Score(scored, None, None)
    total = min(sum(points), FULL_TENTHS)
    return Score(scored, total, grade(total, grades))


def grade(total_tenths: int, grades: Sequence[tuple[int, str]] = GRADES) -> str:
    """The grade of a score in tenths by (least tenths, name), best first; by default A from 90, B from 80, C from 70,
    else D."""
    return next((name for least, name in grades if total_tenths >= least), LOWEST_GRADE)


def volume_band(tickets: int, bounds: Sequence[int] = VOLUME_BANDS) -> int:
    """The index of the volume band of a month: 0 below 30 tickets, 1 below 100, 2 below 300, else 3."""
    return sum(tickets >= bound for bound in bounds)


def rank_in_band(own_key: str, entries: Iterable[tuple[str, int, int | None]]) -> tuple[int, int] | None:
    """(rank, number of ranked) of an organisation inside its volume band; equal scores share the better rank.

    entries: (key, band, total in tenths or None) of all, the own one included. Those without a score are not ranked;
    None where the own one has no score or is missing.
    """
    scores = {key: (band, total) for key, band, total in entries if total is not None}
    if own_key not in scores:
        return None
    own_band, own_total = scores[own_key]
    peers = [total for band, total in scores.values() if band == own_band]
    return 1 + sum(total > own_total for total in peers), len(peers)


def percentile(values_seconds: Sequence[int], p: int) -> int | None:
    """The p-th percentile (1..100) by nearest rank, always one of the values, in whole seconds; None without values.

    Raises ValueError for p outside 1..100.
    """
    if not 1 <= p <= 100:
        raise ValueError("a percentile lies between 1 and 100")
    if not values_seconds:
        return None
    rank = -(-p * len(values_seconds) // 100)
    return sorted(values_seconds)[rank - 1]


def median(values_seconds: Sequence[int]) -> int | None:
    """The median by nearest rank (the lower middle of an even number), None without values."""
    return percentile(values_seconds, 50)


def _scored(m: Measure, weights: int) -> ScoredMeasure:
    """`weights` is the sum of the counted weights, 0 for a measure that is not counted."""
    points = None
    if weights:
        top = m.denominator - m.numerator if m.inverse else m.numerator
        share, whole = m.scale.share_of(top, m.denominator)
        points = _tenths_half_up(m.weight * FULL_SCORE * share, weights * whole)
    return ScoredMeasure(m.key, m.weight, m.numerator, m.denominator, m.inverse, weights, points)


def _tenths_half_up(top: int, bottom: int) -> int:
    """A number of points, given as a fraction, in tenths."""
    return (top * 20 + bottom) // (2 * bottom)
