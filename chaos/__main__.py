"""`make chaos SEED=1 MINUTES=10 ENGINE=sqlite`: faults every few seconds under load, and then the oracle.

Without ENGINE both engines run, one after the other. Ends with 1 when anything differs, 2 when a run was not possible.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace

from chaos.drills import DRILLS
from chaos.run import Impossible, chaos
from chaos.stage import Wish

ENGINES = ("sqlite", "postgresql")
FIGURES = {"acknowledged": 100_000, "burst": 10_000}  # pushes, where none are wished for


def wishes() -> list[Wish]:
    """The runs that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2.0, help="how long faults and load go on")
    parser.add_argument("--engine", choices=("", *ENGINES), default="", help="empty: both")
    parser.add_argument("--rate", type=float, default=5.0, help="pushes a second")
    parser.add_argument("--speed", type=int, default=30, help="seconds of the portal's clock for one of ours")
    parser.add_argument("--plant", choices=("", "double", "unsent"), default="", help="a fault that must be found")
    about = "; ".join(f"{name}: {drill.about}" for name, drill in DRILLS.items())
    parser.add_argument("--drill", choices=("", *DRILLS), default="", help=f"one promise at its full figure. {about}")
    parser.add_argument("--pushes", type=int, default=0, help="acknowledged pushes that end a drill")
    parser.add_argument("--kills", type=int, default=200, help="of a worker, in the drill of workers")
    wish = parser.parse_args()
    first = Wish(
        wish.seed, wish.minutes * 60, wish.engine or ENGINES[0], wish.rate, wish.speed, plant=wish.plant,
        drill=wish.drill, pushes=wish.pushes or FIGURES.get(wish.drill, 0), kills=wish.kills,
    )  # fmt: skip
    first = DRILLS[wish.drill].suited(first) if wish.drill else first
    engines = DRILLS[wish.drill].engines if wish.drill else ENGINES
    if wish.engine and wish.engine not in engines:
        parser.error(f"the drill {wish.drill} is not about {wish.engine}")
    return [first] if wish.engine else [replace(first, engine=engine) for engine in engines]


def elsewhere() -> str:
    """A PostgreSQL server of somebody else, for where none can be brought."""
    names = ("CHAOS_DATABASE_URL", "BENCH_DATABASE_URL", "TEST_DATABASE_URL")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def main() -> int:
    """Run and print; the worst result."""
    worst = 0
    for wish in wishes():
        try:
            worst = max(worst, chaos(wish, elsewhere()))
        except Impossible as reason:
            print(f"chaos on {wish.engine}: {reason}", file=sys.stderr)
            worst = 2
    return worst


if __name__ == "__main__":
    sys.exit(main())
