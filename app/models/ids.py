"""Time-ordered 64-bit ids: 41 bits of milliseconds since 2024, 10 bits of process, 12 bits of sequence.

Processes of one machine are told apart by their process numbers, and each millisecond begins at another place of the
sequence, so that two of different machines that share the 10 bits hardly ever meet; where they do, the key refuses one.

Rows of one hour lie together, so events and old tickets can be range-partitioned. An id is not a business time:
it follows the machine's clock, never a rule's `now`.
"""

from __future__ import annotations

import os
import random
import secrets
import socket
import threading
import time
import zlib
from datetime import UTC, datetime

_EPOCH_MS = 1_704_067_200_000
_lock = threading.Lock()
_state = {"node": 0, "last": 0, "sequence": 0}
_draw = random.Random()  # noqa: S311 - no secret: where a millisecond begins
MOST = 4096  # ids of a millisecond; it begins in the first half of them


def _after_fork() -> None:
    _state["node"] = (zlib.crc32(socket.gethostname().encode()) + os.getpid()) % 1024
    _draw.seed(secrets.randbits(64))


_after_fork()
os.register_at_fork(after_in_child=_after_fork)


def new_id() -> int:
    """The next id of this process; always larger than the one before."""
    with _lock:
        millis = max(time.time_ns() // 1_000_000 - _EPOCH_MS, _state["last"])
        if millis == _state["last"]:
            _state["sequence"] += 1
            if _state["sequence"] >= MOST:
                millis, _state["sequence"] = millis + 1, 0
        else:
            _state["sequence"] = _draw.randrange(MOST // 2)
        _state["last"] = millis
        return millis << 22 | _state["node"] << 12 | _state["sequence"]


def drawn_before(instant: float) -> int:
    """The smallest id that could be drawn at `instant` (seconds since 1970, the machine's clock) or later."""
    return max(int(instant * 1000) - _EPOCH_MS, 0) << 22


def drawn_at(key: int) -> datetime:
    """The machine's time at which an id was drawn."""
    return datetime.fromtimestamp(((key >> 22) + _EPOCH_MS) / 1000, UTC)


def settled_before(oldest: float | None, behind: float) -> int:
    """The id below which none is to come: `behind` seconds before the present, and before the oldest writer began.

    `oldest` in seconds since 1970, None where nobody writes.
    """
    present = time.time_ns() / 1e9
    return drawn_before(min(present, present if oldest is None else oldest) - behind)
