"""What goes wrong when: the same seed, length and engine always give the same plan.

Faults are cards of a deck that is shuffled anew whenever it is used up, so that a long run meets each of them equally
often. A card that names several targets takes them in turn.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

WEBS, WORKERS, SCHEDULERS = ("web-1", "web-2"), ("worker-1", "worker-2"), ("scheduler-1", "scheduler-2")
PROGRAMS = (*WEBS, *WORKERS, *SCHEDULERS)
GATEWAY = ("error", "hang", "hang_accept", "lost", "drop", "limit", "day_limit", "duplicate")
PLATFORM = ("refuse", "html", "429", "401", "redirect", "slow", "failing", "lost")
PAUSE = (2.0, 4.5)  # seconds between two faults
QUIET = 2.0  # at the beginning

Card = tuple[str, tuple[str, ...], float, float]  # kind, targets, shortest and longest seconds
COMMON: tuple[Card, ...] = (
    *((("kill", (name,), 0, 0)) for name in PROGRAMS),
    ("kill child", WEBS, 0, 0),
    ("pause", WEBS, 5, 8),
    ("pause", WORKERS, 5, 8),
    ("pause", SCHEDULERS, 5, 8),
    ("stop", PROGRAMS, 0, 0),
    ("redis killed", ("redis",), 4, 7),
    ("redis wiped", ("redis",), 0, 0),
    ("redis junk", ("redis",), 0, 0),
    *((("gateway", GATEWAY[n::4], 4, 7)) for n in range(4)),
    *((("platform", PLATFORM[n::4], 4, 7)) for n in range(4)),
)
OF_ENGINE: dict[str, tuple[Card, ...]] = {
    "sqlite": (
        ("database locked", ("database",), 3, 5),
        ("database locked", ("database",), 17, 18),  # longer than anybody waits
        ("disk full", ("web-1", "worker-1", "scheduler-1", "web-2"), 3, 5),
    ),
    "postgresql": (
        ("database restarted", ("database",), 0, 0),
        ("database crashed", ("database",), 0, 0),
        ("database down", ("database",), 4, 7),
    ),
}


@dataclass(frozen=True)
class Fault:
    """One fault: when it begins (seconds of the run), what it is, whom it meets, how long it lasts (0: a moment)."""

    at: float
    kind: str
    target: str
    seconds: float


def faults(seed: int, seconds: float, engine: str, *, own_database: bool = True) -> list[Fault]:
    """The plan of a run. Without a database server of its own nobody may restart it."""
    draw = random.Random(f"{seed} {engine}")
    cards = COMMON + (OF_ENGINE[engine] if own_database or engine == "sqlite" else ())
    deck, found, at = _deck(draw, cards), [], QUIET
    while at < seconds:
        kind, target, shortest, longest = next(deck)
        lasts = round(draw.uniform(shortest, longest), 1)
        found.append(Fault(round(at, 1), kind, target, min(lasts, max(1.0, seconds - at)) if lasts else 0.0))
        at += draw.uniform(*PAUSE)
    return found


def _deck(draw: random.Random, cards: tuple[Card, ...]) -> Iterator[tuple[str, str, float, float]]:
    turns = dict.fromkeys(range(len(cards)), 0)
    while True:
        for place in draw.sample(range(len(cards)), len(cards)):
            kind, targets, shortest, longest = cards[place]
            yield kind, targets[turns[place] % len(targets)], shortest, longest
            turns[place] += 1
