"""When tickets come: the shape of a day, and to which sites."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate

from capacity.wishes import Wish

STEP_MINUTES = 10
STEPS = 60 // STEP_MINUTES  # of an hour
# Shares of a day's tickets by hour, an assumption: people complain when they are awake, most after noon and at night.
SHAPE = (8, 5, 3, 2, 2, 3, 8, 20, 45, 66, 76, 74, 62, 60, 68, 72, 72, 68, 62, 60, 60, 52, 34, 18)
SKEW = 0.6  # the n-th busiest site gets a share that falls with n to this power


def by_step(wish: Wish) -> list[int]:
    """How many tickets come in each step. A whole day has exactly as many as it was wished for."""
    found = []
    for day in range((wish.hours + 23) // 24):
        total = round(wish.daily * (wish.peak if day == 0 else 1.0))
        bounds = [
            total * at // (sum(SHAPE) * STEPS) for at in accumulate(share for share in SHAPE for _ in range(STEPS))
        ]
        found += [after - before for before, after in zip([0, *bounds], bounds, strict=False)]
    return found[: wish.hours * STEPS]


def busiest_hour() -> float:
    """The share of a day's tickets that come in its busiest hour."""
    return max(SHAPE) / sum(SHAPE)


def shares(sites: int) -> list[float]:
    """What part of all tickets each site gets."""
    raw = [(n + 1) ** -SKEW for n in range(sites)]
    total = sum(raw)
    return [one / total for one in raw]


def places(wish: Wish) -> Iterator[list[int]]:
    """The sites of each step's tickets. Only the wish's tickets, sites and seed decide, never staff or machines."""
    chance = random.Random(wish.seed)  # noqa: S311 - chance here decides nothing secret
    bounds, numbers = list(accumulate(shares(wish.sites))), range(wish.sites)
    for n in by_step(wish):
        yield chance.choices(numbers, cum_weights=bounds, k=n)


def in_service(wish: Wish, step: int) -> bool:
    """Whether people work in that step."""
    return wish.opens <= step // STEPS % 24 < wish.closes
