"""How measures become a score: weights, scales, least cases, grades and volume bands as one version (rulebook 5).

A version is data that an administrator stores; the defaults here are the rulebook's (D).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from app.domain.errors import Invalid
from app.domain.scoring import FULL_TENTHS, GRADES, LOWEST_GRADE, MIN_CASES, VOLUME_BANDS, Scale

KEYS = ("first_reply", "result", "party_reply", "audit", "appeal", "promise", "satisfaction", "repeat")
INVERSE = frozenset({"appeal", "repeat"})
WEIGHTS = {
    "first_reply": 20, "result": 25, "party_reply": 5, "audit": 20, "appeal": 10, "promise": 10, "satisfaction": 5,
    "repeat": 5,
}  # fmt: skip
FULL, ZERO = 980, 850  # per mille; of ratings: thousandths of a mark
RATING_FULL, RATING_ZERO = 4500, 3000
MOST_WEIGHT, MOST_CASES, MOST_TICKETS, MOST_RATING = 100, 1000, 1_000_000, 5000


@lru_cache(64)
def _scale(full: int, zero: int) -> Scale:
    """Made once and not for each of ten thousand cards."""
    return Scale(full=Fraction(full, 1000), zero=Fraction(zero, 1000))


@dataclass(frozen=True)
class Scheme:
    """One version. `scales` hold (full, zero) in thousandths, `grades` (least tenths, name) best first, `bands` the
    least tickets of each volume band but the first."""

    version: int
    weights: Mapping[str, int]
    scales: Mapping[str, tuple[int, int]]
    min_cases: int
    grades: tuple[tuple[int, str], ...]
    bands: tuple[int, ...]

    def scale(self, key: str) -> Scale:
        """The scale of a measure as exact fractions."""
        return _scale(*self.scales[key])

    def plain(self) -> dict[str, Any]:
        """The version as plain JSON values, the form in which it is stored and frozen."""
        return {
            "version": self.version, "weights": dict(self.weights),
            "scales": {key: list(pair) for key, pair in self.scales.items()}, "min_cases": self.min_cases,
            "grades": [list(pair) for pair in self.grades], "bands": list(self.bands),
        }  # fmt: skip


def default_scheme(version: int = 1) -> Scheme:
    """The rulebook's defaults (D)."""
    scales = {key: (RATING_FULL, RATING_ZERO) if key == "satisfaction" else (FULL, ZERO) for key in KEYS}
    return Scheme(version, WEIGHTS, scales, MIN_CASES, GRADES, VOLUME_BANDS)


def of_plain(data: Mapping[str, Any]) -> Scheme:
    """A stored version read back."""
    return Scheme(
        int(data["version"]), {key: int(data["weights"][key]) for key in KEYS},
        {key: (int(data["scales"][key][0]), int(data["scales"][key][1])) for key in KEYS}, int(data["min_cases"]),
        tuple((int(least), str(name)) for least, name in data["grades"]), tuple(int(n) for n in data["bands"]),
    )  # fmt: skip


def check(scheme: Scheme) -> None:
    """Raise Invalid with everything that is wrong, by field: `weight-<key>`, `full-<key>`, `zero-<key>`, `weights`,
    `min_cases`, `grades`, `bands`."""
    errors: dict[str, str] = {}
    for key in KEYS:
        if not 0 <= scheme.weights[key] <= MOST_WEIGHT:
            errors[f"weight-{key}"] = "out_of_range"
        errors |= _scale_errors(key, *scheme.scales[key])
    if sum(scheme.weights.values()) != MOST_WEIGHT:
        errors["weights"] = "not_a_hundred"
    if not 1 <= scheme.min_cases <= MOST_CASES:
        errors["min_cases"] = "out_of_range"
    least = [tenths for tenths, _name in scheme.grades]
    if not least or not _falls(least) or not 0 < least[-1] <= least[0] <= FULL_TENTHS:
        errors["grades"] = "not_in_order"
    if not _falls(list(reversed(scheme.bands))) or not all(0 < n <= MOST_TICKETS for n in scheme.bands):
        errors["bands"] = "not_in_order"
    if errors:
        raise Invalid(errors)


def _scale_errors(key: str, full: int, zero: int) -> dict[str, str]:
    most = MOST_RATING if key == "satisfaction" else 1000
    errors = {}
    if not 0 <= full <= most:
        errors[f"full-{key}"] = "out_of_range"
    if not 0 <= zero <= most:
        errors[f"zero-{key}"] = "out_of_range"
    elif zero >= full:
        errors[f"zero-{key}"] = "above_full"
    return errors


def _falls(numbers: list[int]) -> bool:
    return all(a > b for a, b in pairwise(numbers))


def grade_names(scheme: Scheme) -> tuple[str, ...]:
    """Every grade, best first, the lowest one included."""
    return (*(name for _least, name in scheme.grades), LOWEST_GRADE)
