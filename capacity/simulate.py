"""A sale day, step by step, told by the hour.

Pushes are stored before anything else is done; what does not fit waits at the platform, which pushes again. People
then work, whatever their pages cost: a part that is used by more than 100 % answers slower than they work. So staff
never delays a push, and with more staff or more machines nothing ever becomes late that was in time with fewer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from capacity.costs import Cost
from capacity.day import STEP_MINUTES, STEPS, in_service, places
from capacity.desks import Desks
from capacity.machines import CLOCKS, MESSAGES, PARTS, POLL_SECONDS, Work, busy, cores, pushes_taken, sends_made
from capacity.wishes import Wish

SECONDS = STEP_MINUTES * 60
FULL = 0.99  # used: what waits leaves a part of its last step


@dataclass
class Hour:
    """What happened in an hour, and how things stand at its end. `use` is 1.0 for a part that is full."""

    n: int
    came: int = 0
    answered: int = 0
    at_door: int = 0
    at_sites: int = 0
    to_send: int = 0
    late_first: int = 0
    late_result: int = 0
    use: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))

    @property
    def tightest(self) -> str:
        """The part that is used most."""
        return max(PARTS, key=lambda name: self.use[name])


class SaleDay:
    """One simulation. The same wish and costs always give the same hours."""

    def __init__(self, wish: Wish, costs: Mapping[str, Cost]) -> None:
        self.wish, self.costs = wish, costs
        self.desks = Desks(wish)
        self.door: deque[tuple[int, int]] = deque()  # the site and the step of what is not stored yet
        self.outbox = 0.0

    def hours(self) -> Iterator[Hour]:
        """Run it."""
        hour = Hour(0)
        for step, sites in enumerate(places(self.wish)):
            self._step(hour, step, sites)
            if step % STEPS == STEPS - 1:
                hour.at_door, hour.to_send = len(self.door), round(self.outbox)
                hour.at_sites = self.desks.unanswered - hour.at_door
                yield hour
                hour = Hour(hour.n + 1)

    def _step(self, hour: Hour, step: int, sites: list[int]) -> None:
        self.desks.come(step, len(sites))
        self.door.extend((site, step) for site in sites)
        stored = self._store()
        answered = self.desks.work(step)
        late = self.desks.late(step)
        self.outbox += MESSAGES * answered
        sent = min(self.outbox, sends_made(self.wish, self.costs, SECONDS))
        self.outbox -= sent
        online = self.wish.online if in_service(self.wish, step) else 0
        clocks = CLOCKS * stored + late.first + late.result
        self._add(hour, Work(stored, answered, online * SECONDS / POLL_SECONDS, sent, clocks))
        hour.came, hour.answered = hour.came + len(sites), hour.answered + answered
        hour.late_first, hour.late_result = hour.late_first + late.first, hour.late_result + late.result

    def _store(self) -> int:
        n = min(len(self.door), pushes_taken(self.wish, self.costs, SECONDS))
        for _ in range(n):
            self.desks.put(*self.door.popleft())
        return n

    def _add(self, hour: Hour, work: Work) -> None:
        there = cores(self.wish)
        for name, seconds in busy(work, self.costs).items():
            hour.use[name] += seconds / (there[name] * 3600)


def first_full(hours: list[Hour]) -> str:
    """One line: which part is full first, or how near the tightest one came."""
    for hour in hours:
        if hour.use[hour.tightest] >= FULL:
            return f"first bottleneck: {hour.tightest}, full at {hour.n % 24:02d}:00 of day {hour.n // 24 + 1}"
    top = max(hours, key=lambda hour: hour.use[hour.tightest])
    return (
        f"no part is full; the tightest is {top.tightest}, {top.use[top.tightest]:.0%} used "
        f"at {top.n % 24:02d}:00 of day {top.n // 24 + 1}"
    )
