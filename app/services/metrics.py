"""The figures that a monitoring system asks for: what waits, for how long, and what became of the SMS. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Clock, Export, Heartbeat, Outbox, WorkItem
from app.models.ids import drawn_before
from app.services import health, partitions
from app.services.partitions import Standing

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OUTCOMES = ("sent", "failed", "unknown")
KINDS = ("callback", "sms", "robot")


@dataclass(frozen=True)
class Figures:
    """Seconds where a name ends so, else counts. `outbox` by kind and state; ages and failures by kind."""

    outbox: dict[tuple[str, str], int]
    oldest_seconds: dict[str, float]
    failed_day: dict[str, int]
    sms_hour: dict[str, int]
    clocks_due: int
    sweep_lag_seconds: float
    open_tickets: int
    overdue_tickets: int
    exports_waiting: int
    silent_seconds: dict[str, float]
    clock_jumped_seconds: float | None  # ago; None: never
    months: Standing  # the partitions of the events


def figures(session: Session, now: datetime) -> Figures:
    """Everything at `now` (UTC); each statement reads what is open or young, never a whole table."""
    waiting = _waiting(session)
    ages = {
        process: max(0.0, (now - at).total_seconds())
        for process, at in session.execute(select(Heartbeat.process, Heartbeat.at))
    }
    return Figures(
        outbox={key: n for key, (n, _first) in waiting.items()},
        oldest_seconds=_oldest(waiting, now),
        failed_day={kind: _young(session, kind, "failed", now - DAY) for kind in KINDS},
        sms_hour={state: _young(session, "sms", state, now - HOUR) for state in OUTCOMES},
        clocks_due=_count(session, Clock.next_stage_at <= now),
        sweep_lag_seconds=_lag(session, now),
        open_tickets=_count(session, WorkItem.scope == 0),
        overdue_tickets=_count(session, WorkItem.scope == 0, WorkItem.overdue.is_(True)),
        exports_waiting=_count(session, Export.state.in_(("waiting", "running"))),
        clock_jumped_seconds=ages.pop(health.CLOCK_JUMPED, None),
        silent_seconds=ages,
        months=partitions.standing(session, now),
    )


def _waiting(session: Session) -> dict[tuple[str, str], tuple[int, datetime]]:
    rows = (
        select(Outbox.kind, Outbox.state, func.count(), func.min(Outbox.created_at))
        .where(Outbox.next_try_at.is_not(None))
        .group_by(Outbox.kind, Outbox.state)
    )
    return {(kind, state): (n, first) for kind, state, n, first in session.execute(rows)}


def _oldest(waiting: dict[tuple[str, str], tuple[int, datetime]], now: datetime) -> dict[str, float]:
    ages = dict.fromkeys(KINDS, 0.0)
    for (kind, _state), (_n, first) in waiting.items():
        ages[kind] = max(ages.get(kind, 0.0), (now - first).total_seconds())
    return ages


def _young(session: Session, kind: str, state: str, since: datetime) -> int:
    """Rows of the outbox by the time in their id, which one index answers."""
    return _count(session, Outbox.kind == kind, Outbox.state == state, Outbox.id >= drawn_before(since.timestamp()))


def _lag(session: Session, now: datetime) -> float:
    """How long the clock that is due first has been waiting for a sweep."""
    first = session.scalar(select(func.min(Clock.next_stage_at)).where(Clock.next_stage_at <= now))
    return (now - first).total_seconds() if first else 0.0


def _count(session: Session, *conditions: object) -> int:
    return int(session.scalar(select(func.count()).where(*conditions)) or 0)  # type: ignore[arg-type]
