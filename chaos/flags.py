"""How long after its due a clock was flagged, in seconds of ours: the portal's time may run faster than ours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from chaos.evidence import Finding, Logs
from chaos.lines import Line

MOST = 60.0  # seconds, with whatever was killed, paused or away in the meantime


def lag(breach: Line, speed: float) -> float:
    """Of one entry `clock_breached`."""
    told, due = (datetime.fromisoformat(at) for at in (breach["told_at"], breach["data"]["due_at"]))
    return (told - due).total_seconds() / speed


def flagged_in_time(logs: Logs) -> Finding:
    """No deadline is flagged later than a minute after it passed."""
    found = [lag(row, logs.speed) for row in logs.tables["breach"]]
    return Finding("late clocks, flagged within a minute", len(found), list(_late(found)))


def _late(found: Iterable[float]) -> Iterable[str]:
    return (f"a flag {one:.1f} s after its due" for one in sorted(found) if one > MOST)
