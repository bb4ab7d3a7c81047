"""Closures of a site for a span of days: announced before they begin, never two at once (rulebook 1, 7.11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

REASONS = ("holiday", "rest", "power", "rebuilding", "weather", "new_owner", "other")
FOR_GOOD = "for_good"  # the administrator closed the place: nobody else says so, and nobody else ends it


@dataclass(frozen=True)
class Days:
    """The days of a closure, both ends closed; without `until` it lasts until it is ended by hand."""

    start: date
    until: date | None = None

    def hold(self, day: date) -> bool:
        """Whether the site is closed on that day."""
        return self.start <= day and (self.until is None or day <= self.until)

    def meet(self, other: Days) -> bool:
        """Whether both have a day in common."""
        return (other.until is None or self.start <= other.until) and (self.until is None or other.start <= self.until)


def faults(days: Days, today: date, others: Iterable[Days]) -> dict[str, str]:
    """What is wrong with a closure that is announced today, by field. `others` are the site's own that still hold."""
    errors: dict[str, str] = {}
    if days.start < today:
        errors["from_day"] = "not_retroactive"
    if days.until is not None and days.until < days.start:
        errors["until_day"] = "ends_before_it_begins"
    if not errors and any(days.meet(other) for other in others):
        errors["from_day"] = "closed_already"
    return errors


def cut(days: Days, first: date) -> Days | None:
    """What is left of a closure before `first`, when another one begins; None where nothing is."""
    if days.start >= first:
        return None
    last = first - timedelta(days=1)
    return Days(days.start, last if days.until is None else min(days.until, last))
