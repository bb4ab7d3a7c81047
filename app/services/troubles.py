"""What does not work as usual, as pages say it: told by its effect, and asked with the session, at no statement of its
own. A search is never stale: its documents are written in the change's own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, or_, select

from app.models import Heartbeat, Outbox
from app.models.types import UtcDateTime

SILENT = timedelta(seconds=60)  # of the scheduler, which beats every five
WAITING = timedelta(minutes=3)  # that something due was taken by no worker
TRIES = 3  # in vain, of an answer that is still tried
LOOKED_AT = 100  # rows that wait the longest: a backlog must not make pages slow


@dataclass(frozen=True)
class Troubles:
    """`silent_since`: the scheduler's last sign, where deadlines and reminders are late. `unsent`: answers and SMS wait
    though they are due (no worker, or no Redis that wakes it). `unreachable`: a platform takes no answers."""

    silent_since: datetime | None = None
    unsent: bool = False
    unreachable: bool = False

    def __bool__(self) -> bool:
        return bool(self.silent_since or self.unsent or self.unreachable)


def columns() -> tuple[Any, ...]:
    """Three columns for a statement that is asked anyway, with the parameters of `values`."""
    now: Any = bindparam("now", type_=UtcDateTime())
    waited: Any = bindparam("waited_since", type_=UtcDateTime())
    beat = select(Heartbeat.at).where(Heartbeat.process == "scheduler").scalar_subquery()
    first = (
        select(Outbox.lease_until).where(Outbox.next_try_at <= waited)
        .order_by(Outbox.next_try_at).limit(LOOKED_AT).subquery()
    )  # fmt: skip
    overdue = exists().where(or_(first.c.lease_until.is_(None), first.c.lease_until <= now))
    longest = (
        select(Outbox.kind, Outbox.attempts).where(Outbox.next_try_at > now)
        .order_by(Outbox.next_try_at.desc()).limit(LOOKED_AT).subquery()
    )  # fmt: skip
    vain = exists().where(longest.c.kind == "callback", longest.c.attempts >= TRIES)
    return beat.label("beat"), overdue.label("overdue"), vain.label("vain")


def values(now: datetime) -> dict[str, datetime]:
    """The values of the columns' parameters."""
    return {"now": now, "waited_since": now - WAITING}


def of(beat: datetime | None, overdue: bool, vain: bool, now: datetime) -> Troubles:
    """What the columns say. A portal whose scheduler was never started says nothing here: `/healthz` does."""
    return Troubles(beat if beat is not None and now - beat > SILENT else None, bool(overdue), bool(vain))
