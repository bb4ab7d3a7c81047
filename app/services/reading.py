"""Reading that may be a little behind: reports, exports and analysis, from a second database where there is one.

`READ_DATABASE_URL` names a replica of the first. It is used while it can be reached and is at most MOST_BEHIND behind,
told by the newest heartbeat that it has: workers and the scheduler write one every few seconds. Whoever is allowed to
read is always found out in the first database, and nothing is ever written by what was read here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from app.extensions import READER, db
from app.models import Heartbeat
from app.services.transaction import DATABASE_AWAY

log = logging.getLogger(__name__)
MOST_BEHIND = timedelta(seconds=60)
LOOK_EVERY, REST = 5.0, 30.0  # seconds between two looks at how far it is; and before one that failed is asked again
T = TypeVar("T")


@dataclass
class Standing:
    """What is known of a replica: whether it is fit, and until when (monotonic seconds) that is taken for true."""

    fit: bool
    until: float


_standings: dict[Engine, Standing] = {}


def read(work: Callable[[Session], T]) -> T:
    """What `work` reads with the session that it gets, of the replica or else of the first database.

    `work` is asked a second time when the replica fails in the middle of it: it must do nothing but read.
    """
    engine = db.engines.get(READER)
    if engine is None or not _fit(engine):
        return work(db.session())
    try:
        with Session(engine) as session:
            return work(session)
    except DATABASE_AWAY as error:
        _note(engine, False, type(error).__name__)
    return work(db.session())


def _fit(engine: Engine) -> bool:
    known = _standings.get(engine)
    if known is None or time.monotonic() >= known.until:
        try:
            with Session(engine) as session:
                there = _newest(session)
        except DATABASE_AWAY as error:
            return _note(engine, False, type(error).__name__)
        here = _newest(db.session())
        near = there is not None and here is not None and here - there <= MOST_BEHIND
        return _note(engine, near, "behind")
    return known.fit


def _newest(session: Session) -> datetime | None:
    found: datetime | None = session.scalar(select(func.max(Heartbeat.at)))
    return found


def _note(engine: Engine, fit: bool, why: str) -> bool:
    """Remember how it stands; a change is told once."""
    before = _standings.get(engine)
    if before is None or before.fit != fit:
        log.warning("read replica: %s", "in use" if fit else f"not used ({why})")
    _standings[engine] = Standing(fit, time.monotonic() + (LOOK_EVERY if fit else REST))
    return fit
