"""Is the portal well: heartbeats of the processes, the backlog, and whether the tables fit the code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from app.models import Heartbeat, Outbox
from app.models.dialect import insert_ignoring
from app.services.transaction import write

CLOCK_JUMPED = "clock jumped"  # not a process: when the scheduler's machine was last set to another time
STALE_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class Health:
    """What is known without asking anything but the database. `worker` and `scheduler`: ok, stale or missing."""

    worker: str
    scheduler: str
    outbox_backlog: int


def beat(*, process: str, now: datetime) -> None:
    """Note that a process ("worker", "scheduler") is alive at `now` (UTC)."""
    with write() as session:
        fresh = insert_ignoring(session, Heartbeat.__table__).values(process=process, at=now)
        if session.execute(fresh).rowcount == 0:  # type: ignore[attr-defined]
            row = session.get(Heartbeat, process)
            if row is not None:
                row.at = now


def report(session: Session, now: datetime) -> Health:
    """Heartbeats older than 30 s are stale; the backlog counts rows that still have a next try."""
    beats = {row.process: row.at for row in session.scalars(select(Heartbeat))}
    waiting = session.scalar(select(func.count()).where(Outbox.next_try_at.is_not(None)))
    return Health(_alive(beats, "worker", now), _alive(beats, "scheduler", now), int(waiting or 0))


def _alive(beats: dict[str, datetime], process: str, now: datetime) -> str:
    if process not in beats:
        return "missing"
    return "ok" if abs(now - beats[process]) <= STALE_AFTER else "stale"


@cache
def _scripts(directory: str) -> ScriptDirectory:
    config = AlembicConfig()
    config.set_main_option("script_location", directory.replace("%", "%%"))
    return ScriptDirectory.from_config(config)


@cache
def _heads(directory: str) -> frozenset[str]:
    return frozenset(_scripts(directory).get_heads())


@cache
def _known(directory: str) -> frozenset[str]:
    return frozenset(one.revision for one in _scripts(directory).walk_revisions())


def migrations_pending(session: Session, directory: str, *, made_without: bool = False) -> bool:
    """True when the database lacks a migration of `directory`.

    One that is newer than all of ours lacks none: a release's migrations only add, and the processes of the release
    before go on beside the new ones until they are restarted.
    `made_without=True` (tests): tables that `create_all` made, without a version table, count as current.
    """
    connection = session.connection()
    if made_without and not inspect(connection).has_table("alembic_version"):
        return False
    current = frozenset(MigrationContext.configure(connection).get_current_heads())
    newer = bool(current) and not current & _known(directory)
    return not newer and current != _heads(directory)
