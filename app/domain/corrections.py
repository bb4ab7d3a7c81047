"""A corrected category: what it does to priority and limits (rulebook 2 "A category correction", 7.5)."""

from collections.abc import Mapping

from app.domain.clocks import Limit
from app.domain.policies import URGENT_CATEGORIES

FALSE_SIGN = "FALSE_SIGN"
SIGN_SCAN = "SIGN"
NO_SIGN_SCAN = "no_sign_scan"  # a flag of tickets: signed for by name, but no scan says so


def priority_after(new: str, old: str, priority: str, *, otherwise_urgent: bool) -> str:
    """The priority under the new category.

    Lost and damaged are urgent; a ticket that was urgent for its old category alone falls back to high.
    `otherwise_urgent` says that it was repeated, promised for today or marked by the platform.
    """
    if new in URGENT_CATEGORIES:
        return "urgent"
    if old in URGENT_CATEGORIES and priority == "urgent" and not otherwise_urgent:
        return "high"
    return priority


def eases(old: Mapping[str, Limit], new: Mapping[str, Limit]) -> bool:
    """Whether any clock gets more time, or another calendar: then the LCS has to agree."""
    return any(_longer(limit, new.get(clock)) for clock, limit in old.items())


def _longer(old: Limit, new: Limit | None) -> bool:
    return new is None or new.calendar != old.calendar or new.minutes > old.minutes
