"""Notices that the machine's clock was set: what time alone would change then waits for a cycle, and it is told.

A clock that is set two hours ahead by mistake makes every deadline late at once. What it says is held against a clock
that only runs; where the two part, nothing is judged for `HELD` seconds. One that is put right within them has done no
harm, after one that stays the portal goes on by the new time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)
JUMP = 60.0  # seconds by which a clock is set, and not just drawn to the right time
HELD = 30.0  # seconds: a deadline is still flagged within a minute


class Watch:
    """Compares the machine's clock with one that nobody sets. `on` is False where a file steps the portal's time."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self.wall, self.steady, self.on = wall, steady, True
        self.apart, self.until = wall() - steady(), 0.0
        self.told: Callable[[float], object] = lambda seconds: None

    def holds(self) -> bool:
        """Whether what depends on the time has to wait; a jump is told once."""
        if not self.on:
            return False
        running = self.steady()
        apart = self.wall() - running
        jumped, self.apart = apart - self.apart, apart
        if abs(jumped) >= JUMP:
            self.until = running + HELD
            log.error("the clock of this machine jumped by %+.0f s: deadlines are held for %.0f s", jumped, HELD)
            self._tell(jumped)
        return running < self.until

    def _tell(self, jumped: float) -> None:
        try:
            self.told(jumped)
        except Exception:
            log.exception("schedule: the jump of the clock was not written down")
