"""How long personal data and people's own words are kept. After that the facts stay, and nobody's name is in them."""

from __future__ import annotations

from datetime import datetime, timedelta

SHORTEST = 180  # days: until then a month may be amended, a penalty contested, a complaint brought to the authority
ENDED = ("closed", "withdrawn")


def cutoff(days: int, now: datetime) -> datetime:
    """Tickets that ended and whose last entry is older than this instant are cleared. Raises ValueError for too few."""
    if days < SHORTEST:
        raise ValueError(f"at least {SHORTEST} days")
    return now - timedelta(days=days)
