"""Emergencies in the model: a storm over a province or the network lets site clocks stand still and run on (rulebook 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.services.life_runs import SITE

LIVE = ("open", "in_progress", "replied", "appealed")


@dataclass
class Storm:
    """Over a province, or everywhere; `ends` moves when it is ended early. `number` is the row's id."""

    province: str | None
    begins: datetime
    ends: datetime
    number: int

    def over(self, province: str | None) -> bool:
        return self.province is None or self.province == province


def holds_until(storms: Iterable[Storm], province: str | None, at: datetime) -> datetime | None:
    """Until when a place stands still at `at`."""
    return max((s.ends for s in storms if s.over(province) and s.begins <= at < s.ends), default=None)


def over_at(storms: Iterable[Storm], province: str | None, at: datetime, now: datetime) -> datetime:
    """One storm goes over into the next without a gap."""
    while at <= now and (until := holds_until(storms, province, at)) is not None:
        at = until
    return at


def look(life: Any, now: datetime) -> None:
    """Somebody looks at the weather: what is over is over since its end, what has begun begins now."""
    if life.still is not None and life.still <= now:
        life.still = over_at(life.storms, life.province, life.still, now)
        if life.still <= now:
            _clears(life, life.still, now)
    until = holds_until(life.storms, life.province, now)
    runs = [run for run in life.runs.going(SITE) if not run.paused and not run.seen_late and run.due > now]
    if life.still is None and until is not None and life.state in LIVE and runs:
        life.still = until
        life.runs.pause(now)


def _clears(life: Any, at: datetime, now: datetime) -> None:
    if life.waiting is not None and life.waiting <= at:
        life.contact_ends_waiting(now)
    life.still = None
    if life.waiting is None:
        life.runs.go_on(at)


def arrives(life: Any, now: datetime) -> None:
    """A ticket that comes to a place has its weather."""
    until = holds_until(life.storms, life.province, now)
    if until is None or life.still is None:
        life.still = until


def ended(life: Any, storm: Storm, now: datetime) -> None:
    """Somebody ends a storm early: everything in its place is looked at."""
    if life.still is not None and storm.over(life.province):
        life.still = min(life.still, now)
