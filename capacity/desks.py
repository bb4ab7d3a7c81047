"""The sites: each has its queue, first come first served, and its share of the people.

Every site's people work through its own queue only and never stand idle while something lies in it. So with more of
them each ticket is taken up and answered no later than with fewer, which the late clocks stand on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from capacity.day import STEP_MINUTES, STEPS, in_service, shares
from capacity.wishes import Wish


@dataclass
class Desk:
    """One site: the steps in which its open tickets came, and the seconds spent on the first of them."""

    seconds: int  # of work that its people do in a step
    queue: deque[int] = field(default_factory=deque)
    spent: int = 0


@dataclass
class Late:
    """Clocks that ran out in a step."""

    first: int = 0
    result: int = 0


class Desks:
    """All sites together, and how many tickets of each step are still open or not taken up."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.handling = 3600 // wish.per_hour  # seconds that a ticket takes
        total = wish.staff * STEP_MINUTES * 60
        self.desks = [Desk(int(total * share)) for share in shares(wish.sites)]
        self.open, self.untouched = [0] * (wish.hours * STEPS), [0] * (wish.hours * STEPS)
        self.first_due = self._first_due()

    def come(self, step: int, n: int) -> None:
        """So many tickets were sent in that step; their clocks run from then on, stored or not."""
        self.open[step] += n
        self.untouched[step] += n

    def put(self, site: int, came: int) -> None:
        """One of them lies at its site now."""
        self.desks[site].queue.append(came)

    def work(self, step: int) -> int:
        """Let everybody work for a step; how many tickets got their result."""
        if not in_service(self.wish, step):
            return 0
        return sum(self._one(desk) for desk in self.desks if desk.queue)

    def _one(self, desk: Desk) -> int:
        left, done = desk.seconds, 0
        while desk.queue and left > 0:
            came = desk.queue[0]
            if desk.spent == 0:
                self.untouched[came] -= 1
            used = min(left, self.handling - desk.spent)
            left, desk.spent = left - used, desk.spent + used
            if desk.spent == self.handling:
                desk.queue.popleft()
                self.open[came] -= 1
                desk.spent, done = 0, done + 1
        return done

    def late(self, step: int) -> Late:
        """The clocks that run out at this step's end."""
        due = step + 1 - self.wish.due * STEPS
        first = sum(self.untouched[came] for came in self.first_due.get(step + 1, ()))
        return Late(first, self.open[due] if due >= 0 else 0)

    @property
    def unanswered(self) -> int:
        """Tickets without a result, at sites or before the door."""
        return sum(self.open)

    def _first_due(self) -> dict[int, list[int]]:
        """By the step in which it runs out: the steps whose tickets' first clock that is."""
        found: dict[int, list[int]] = {}
        wanted = self.wish.first_minutes // STEP_MINUTES
        for came in range(len(self.open)):
            at, left = came, wanted
            while left:
                left -= in_service(self.wish, at)
                at += 1
            found.setdefault(at, []).append(came)
        return found
