"""Headquarters' view of today: what came in, what was answered, what waits, how the provinces stand (`ux.md`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.domain.calendars import day_bounds
from app.models import Clock, Counter, Organisation, Ticket
from app.models.dialect_time import shanghai_day

DAYS = 14
HOUSE = 0  # headquarters' scope of the counters


@dataclass(frozen=True)
class Province:
    """A province now: open and overdue tickets by the kept counters."""

    code: str
    name: str
    name_en: str
    open: int
    overdue: int
    unaccepted: int


@dataclass(frozen=True)
class Today:
    """The day so far. `platform` are (callbacks in time, due) of the platform's own clock; `days` are
    (day, received, results) of the last two weeks, the present one last."""

    received: int
    results: int
    platform: tuple[int, int]
    queues: dict[str, int]
    provinces: tuple[Province, ...]
    days: tuple[tuple[str, int, int], ...]


def today(session: Session, now: datetime) -> Today:
    """The figures of the Shanghai day of `now`. A fixed number of statements over indexed ranges."""
    start, end = day_bounds(now)
    first = start - timedelta(days=DAYS - 1)
    received = _by_day(session, Ticket.opened_at, first, end)
    answered = _by_day(session, Ticket.result_at, first, end)
    days = [(start - timedelta(days=n) + timedelta(hours=12)).date().isoformat() for n in range(DAYS - 1, -1, -1)]
    queues = {row.queue: max(0, row.n) for row in session.execute(_counts(HOUSE))}
    return Today(
        received.get(days[-1], 0), answered.get(days[-1], 0), _platform(session, start, end, now), queues,
        tuple(_provinces(session)), tuple((day, received.get(day, 0), answered.get(day, 0)) for day in days),
    )  # fmt: skip


def _by_day(session: Session, column: Any, first: datetime, end: datetime) -> dict[str, int]:
    day = shanghai_day(column)
    rows = select(day, func.count()).where(column >= first, column < end, Ticket.state != "withdrawn")
    return {str(found): int(number) for found, number in session.execute(rows.group_by(day))}


def _platform(session: Session, start: datetime, end: datetime, now: datetime) -> tuple[int, int]:
    """The company's own rate towards the platforms: their clocks that are decided today."""
    good = func.coalesce(func.sum(case((Clock.stopped_at <= Clock.due_at, 1), else_=0)), 0)
    due = select(good, func.count()).where(
        Clock.kind == "platform", Clock.state != "void", Clock.due_at >= start, Clock.due_at < end,
        (Clock.stopped_at.is_not(None)) | (Clock.due_at < now),
    )  # fmt: skip
    met, every = session.execute(due).one()
    return int(met), int(every)


def _counts(scope: int) -> Any:
    return select(Counter.queue, Counter.n).where(Counter.scope == scope)


def _provinces(session: Session) -> list[Province]:
    """The most overdue first."""
    own = Organisation
    wanted = ("all", "overdue", "to_accept")
    rows = select(own.code, own.name, own.name_en, Counter.queue, Counter.n).outerjoin(
        Counter, (Counter.scope == own.id) & Counter.queue.in_(wanted)
    )
    found: dict[str, tuple[str, str, dict[str, int]]] = {}
    for code, name, name_en, queue, number in session.execute(rows.where(own.kind == "province")):
        found.setdefault(code, (name, name_en, {}))[2][queue or ""] = max(0, number or 0)
    provinces = [
        Province(code, name, name_en, n.get("all", 0), n.get("overdue", 0), n.get("to_accept", 0))
        for code, (name, name_en, n) in found.items()
    ]
    return sorted(provinces, key=lambda one: (-one.overdue, -one.open, one.code))
