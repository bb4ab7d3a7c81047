"""What a replay sees of the portal's processes, from outside: its clock's file, and GET /healthz."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

LOOK_AGAIN = 0.02  # seconds before each look at /healthz, which costs the portal some milliseconds
ONE_MINUTE = timedelta(minutes=1)  # after a step of it every heartbeat counts as stale


class Clock:
    """The file that holds the portal's time; replaced as a whole, so that nobody reads half of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = datetime(2000, 1, 1, tzinfo=UTC)

    def set(self, at: datetime) -> None:
        """Step to an instant; the clock never goes back."""
        if at <= self.now:
            return
        self.now = at
        beside = self.path.with_name(self.path.name + ".new")
        beside.write_text(at.astimezone(UTC).isoformat() + "\n", encoding="ascii")
        os.replace(beside, self.path)


class Watch:
    """Waits for what the portal does by itself."""

    def __init__(self, portal: str) -> None:
        self.address = f"{portal.rstrip('/')}/healthz"
        self.session = requests.Session()
        self.session.trust_env = False

    def health(self) -> dict[str, Any]:
        """What GET /healthz says; empty when it says nothing readable."""
        try:
            said = self.session.get(self.address, timeout=10).json()
        except (requests.RequestException, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    def backlog(self) -> int | None:
        """How many messages the portal still has to send; None when it does not say."""
        found = self.health().get("outbox_backlog")
        return found if isinstance(found, int) else None

    def waiting(self, seconds: float, left: int = 0) -> int:
        """Wait until no more than `left` messages are still to be sent; how many are in the end (more than `left` when
        the time was over before or the portal does not say)."""
        last = left + 1

        def few() -> bool:
            nonlocal last
            found = self.backlog()
            last = left + 1 if found is None else found
            return last <= left

        _soon(few, seconds)
        return last

    def swept(self, clock: Clock, seconds: float) -> bool:
        """Wait until the scheduler has dealt with all that was due at the clock's time, which moves on by two minutes.

        A step makes its heartbeat stale. The first fresh one may end a round that began before the step; between that
        one and the second, after another step, lies at least one round that began after the first step.
        """
        for _beat in range(2):
            clock.set(clock.now + ONE_MINUTE)
            if not _soon(lambda: self.health().get("scheduler") == "ok", seconds, 5 * LOOK_AGAIN):
                return False
        return True


def _soon(true: Callable[[], bool], seconds: float, pause: float = LOOK_AGAIN) -> bool:
    """Ask until it is true or the time is over; whether it was true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(pause)
        if true():
            return True
    return False
