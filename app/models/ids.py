"""Time-ordered 64-bit ids: 41 bits of milliseconds since 2024, 10 bits of process, 12 bits of sequence.

Rows of one hour lie together, so events and old tickets can be range-partitioned. An id is not a business time:
it follows the machine's clock, never a rule's `now`.
"""

from __future__ import annotations

import os
import secrets
import threading
import time

_EPOCH_MS = 1_704_067_200_000
_lock = threading.Lock()
_state = {"node": secrets.randbits(10), "last": 0, "sequence": 0}


def _after_fork() -> None:
    _state["node"] = secrets.randbits(10)


os.register_at_fork(after_in_child=_after_fork)


def new_id() -> int:
    """The next id of this process; always larger than the one before."""
    with _lock:
        millis = max(time.time_ns() // 1_000_000 - _EPOCH_MS, _state["last"])
        if millis == _state["last"]:
            _state["sequence"] += 1
            if _state["sequence"] >= 4096:
                millis, _state["sequence"] = millis + 1, 0
        else:
            _state["sequence"] = 0
        _state["last"] = millis
        return millis << 22 | _state["node"] << 12 | _state["sequence"]


def drawn_before(instant: float) -> int:
    """The smallest id that could be drawn at `instant` (seconds since 1970, the machine's clock) or later."""
    return max(int(instant * 1000) - _EPOCH_MS, 0) << 22


def settled_before(oldest: float | None, behind: float) -> int:
    """The id below which none is to come: `behind` seconds before the present, and before the oldest writer began.

    `oldest` in seconds since 1970, None where nobody writes.
    """
    present = time.time_ns() / 1e9
    return drawn_before(min(present, present if oldest is None else oldest) - behind)
