"""Drills: one promise at its full figure, where the run of all faults has a little of everything.

`python -m chaos --drill acknowledged --pushes 100000` and so on; each ends as a run does, with the oracle.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import cycle

from chaos.hosts import EXPORTS
from chaos.plan import PROGRAMS, QUIET, WEBS, WORKERS, Fault
from chaos.stage import Wish

MINUTE = 60.0
WEB_EVERY = 5.0  # seconds between two kills of the web
WHOLE = ("workers",)  # drills that go on until their plan is done, however long a start takes
LONG = 6 * 3600.0  # no drill that ends at a number of pushes lasts longer


HOSTS_ROUND: tuple[tuple[str, tuple[str, ...], float], ...] = (  # kind, targets in turn, share of its time
    # First: who did without the replica asks for it again after half a minute. Until somebody misses it: 4 s.
    ("host cut", ("db-2",), 0.95),
    ("host cut", ("web-1", "web-2"), 0.55),
    ("host cut", ("worker-1", "worker-2"), 0.55),
    ("redis master killed", ("redis",), 0.8),  # long enough for another to be elected
    ("host cut", ("db-1",), 0.3),
    ("redis master cut", ("redis",), 0.8),
)
ROUND = 240.0  # seconds of one with cuts of 22 s


@dataclass(frozen=True)
class Drill:
    """`faults` of a wish; `suited` is the wish with what the drill needs; `engines` those that it is about."""

    about: str
    faults: Callable[[Wish], list[Fault]]
    suited: Callable[[Wish], Wish]
    engines: tuple[str, ...] = ("sqlite", "postgresql")


def _webs_killed(wish: Wish) -> list[Fault]:
    """One web process after the other, killed with all its workers every five seconds."""
    turns = int(wish.seconds / WEB_EVERY)
    return [Fault(QUIET + WEB_EVERY * n, "kill", web, 0.0) for n, web in zip(range(turns), cycle(WEBS), strict=False)]


def _workers_killed(wish: Wish) -> list[Fault]:
    """So many kills of a worker, each at another instant of its work."""
    draw, at, found = random.Random(f"workers {wish.seed}"), QUIET, []
    for worker, _n in zip(cycle(WORKERS), range(wish.kills), strict=False):
        found.append(Fault(round(at, 3), "kill", worker, 0.0))
        at += draw.uniform(0.6, 1.8)  # a killed worker is away for a second: the other one has the work
    return found


def _away(kind: str, target: str) -> Callable[[Wish], list[Fault]]:
    """Ten minutes of the portal's time, in the middle of the run."""
    return lambda wish: [Fault(wish.seconds / 3, kind, target, 10 * MINUTE / wish.speed)]


def _deployed(wish: Wish) -> list[Fault]:
    """Every program told to stop in order and started anew, one after the other, again and again."""
    times = int((wish.seconds - QUIET) / 2.0)
    return [Fault(QUIET + 2.0 * n, "stop", name, 0.0) for n, name in zip(range(times), cycle(PROGRAMS), strict=False)]


def _hosts_cut(wish: Wish) -> list[Fault]:
    """One host after the other cut off and back, the Redis master killed and cut off among them; the time of each is
    shared between the fault and the recovery."""
    rounds = max(1, int(wish.seconds / ROUND))
    each = (wish.seconds - QUIET) / (rounds * len(HOSTS_ROUND))
    planned = ((kind, targets[n % len(targets)], share) for n in range(rounds) for kind, targets, share in HOSTS_ROUND)
    return [Fault(round(QUIET + each * n, 1), kind, target, round(each * share, 1))
            for n, (kind, target, share) in enumerate(planned)]  # fmt: skip


def _until_pushed(wish: Wish) -> Wish:
    """The time runs as it does outside, and nobody works beside: the figure is about pushes."""
    return replace(wish, seconds=LONG, speed=1, programs=WEBS, agents=False, rate=max(wish.rate, 40.0))


DRILLS: dict[str, Drill] = {
    "acknowledged": Drill("the web killed (-9) every 5 s until so many pushes are acknowledged", _webs_killed,
                          _until_pushed),
    "workers": Drill("a worker killed at so many random instants", _workers_killed,
                     lambda wish: replace(wish, seconds=QUIET + 1.3 * wish.kills)),
    "redis": Drill("Redis away for ten minutes of the portal's time", _away("redis killed", "redis"),
                   lambda wish: replace(wish, seconds=max(wish.seconds, 60.0))),
    "database": Drill("the database away (SQLite: held) for ten minutes of the portal's time",
                      lambda wish: _away("database locked" if wish.engine == "sqlite" else "database down",
                                         "database")(wish),
                      lambda wish: replace(wish, seconds=max(wish.seconds, 60.0))),
    "deploy": Drill("each program stopped in order and started anew, one after the other, under load", _deployed,
                    lambda wish: wish),
    "burst": Drill("so many pushes within a minute", lambda wish: [],
                   lambda wish: replace(wish, seconds=10 * MINUTE, speed=1, programs=WEBS, agents=False,
                                        rate=wish.pushes / MINUTE)),
    "hosts": Drill("several hosts, each cut off and back, and the Redis master killed", _hosts_cut,
                   lambda wish: replace(wish, seconds=max(wish.seconds, MINUTE), programs=(*PROGRAMS, *EXPORTS),
                                        reader="ccs-manager", rate=min(wish.rate, 3.0)), ("postgresql",)),
}  # fmt: skip
