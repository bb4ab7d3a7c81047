"""How many machines a day of so many tickets takes, and what is full first when more come."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from capacity.costs import Cost
from capacity.day import busiest_hour
from capacity.machines import CLOCKS, MESSAGES, PARTS, POLL_SECONDS, Work, busy
from capacity.wishes import Wish

DAYS = (10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Step:
    """What carries so many tickets a day, the sale day included. `needs` are the cores that its busiest hour uses,
    `there` what the layout has of each part, `full` the tickets of an ordinary day at which each is full, in order."""

    daily: int
    needs: dict[str, float]
    there: dict[str, int]
    machines: str
    full: dict[str, int]


def needs(wish: Wish, costs: Mapping[str, Cost]) -> dict[str, float]:
    """Cores of each part that the busiest hour of the sale day uses when everything that comes in it is answered in it.

    People with a page open grow with the tickets.
    """
    n = wish.daily * wish.peak * busiest_hour()
    polls = wish.online * 3600 / POLL_SECONDS
    spent = busy(Work(n, n, polls, MESSAGES * n, CLOCKS * n), costs)
    return {name: seconds / 3600 for name, seconds in spent.items()}


def step(wish: Wish, costs: Mapping[str, Cost]) -> Step:
    """The layout for one number of tickets: one machine for everything, or machines of their own for each part."""
    wanted, fill = needs(wish, costs), wish.fill / 100
    if sum(wanted.values()) <= fill * wish.cores:
        there, machines = dict.fromkeys(PARTS, wish.cores), "1 for everything"
        limits = {"the one machine": fill * wish.cores / sum(wanted.values())}
    else:
        there = {name: math.ceil(cores / fill) for name, cores in wanted.items()}
        there["database"] = min(_whole(there["database"], wish.cores), wish.database_most)
        machines = _machines(there, wish.cores)
        limits = {name: fill * there[name] / wanted[name] for name in ("web", "worker", "database")}
    limits["scheduler"] = fill / wanted["scheduler"]  # one process, wherever it runs
    full = {name: int(wish.daily * limits[name]) for name in sorted(limits, key=lambda name: limits[name])}
    return Step(wish.daily, wanted, there, machines, full)


def steps(wish: Wish, costs: Mapping[str, Cost]) -> list[Step]:
    """The layouts for each of DAYS; people, machines and the rest as wished."""
    return [step(replace(wish, daily=n, online=wish.online * n // wish.daily), costs) for n in DAYS]


def _whole(cores: int, machine: int) -> int:
    """The next size of a machine: a database has one to itself."""
    return cores if cores <= machine else machine * 2 ** math.ceil(math.log2(cores / machine))


def _machines(there: Mapping[str, int], cores: int) -> str:
    web, rest = math.ceil(there["web"] / cores), math.ceil((there["worker"] + there["scheduler"]) / cores)
    return f"{web} web, {rest} worker and scheduler, 1 database of {there['database']} cores"
