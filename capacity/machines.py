"""The machines: what work of people and platforms uses of them, and what waits when they are full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from capacity.costs import Cost
from capacity.wishes import Wish

PARTS = ("web", "worker", "scheduler", "database")
POLL_SECONDS = 20  # between two questions of an open page
# What one ticket brings with it, an assumption: pages that people open until it has its result, messages that leave
# (the answer to its platform, and an SMS for every second one), clocks that the sweep looks at.
LISTS, THREADS, MESSAGES, CLOCKS = 2.0, 3.0, 1.5, 2.0


@dataclass(frozen=True)
class Work:
    """What was done in some time, in pieces."""

    pushes: float = 0
    answers: float = 0
    polls: float = 0
    sends: float = 0
    clocks: float = 0


def busy(work: Work, costs: Mapping[str, Cost]) -> dict[str, float]:
    """Processor seconds that it takes of each part."""
    served = {
        "push": work.pushes, "reply": work.answers, "poll": work.polls,
        "queue_page": LISTS * work.answers, "ticket_page": THREADS * work.answers,
    }  # fmt: skip
    web = sum(n * costs[name].own for name, n in served.items())
    base = sum(n * costs[name].database for name, n in served.items())
    base += work.sends * costs["send"].database + work.clocks * costs["sweep"].database
    own = {"web": web, "worker": work.sends * costs["send"].own, "scheduler": work.clocks * costs["sweep"].own}
    return {name: spent / 1000 for name, spent in {**own, "database": base}.items()}


def cores(wish: Wish) -> dict[str, int]:
    """What there is of each part. One scheduler looks at clocks, one after the other: more cores are no help."""
    return {"web": wish.web, "worker": wish.worker, "scheduler": 1, "database": wish.database}


def pushes_taken(wish: Wish, costs: Mapping[str, Cost], seconds: int) -> int:
    """So many pushes can be stored in that time, when nothing else is done."""
    web, base = wish.web / costs["push"].own, wish.database / costs["push"].database
    return int(1000 * seconds * min(web, base))


def sends_made(wish: Wish, costs: Mapping[str, Cost], seconds: int) -> int:
    """So many messages can leave in that time."""
    return int(1000 * seconds * wish.worker / costs["send"].own)
