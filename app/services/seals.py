"""A seal a minute over all new events, each chained to the one before (promise 13).

Event ids are drawn in the order of time, but transactions end in another: a seal takes only ids that no open
transaction can still bring, so it stays behind the oldest writer and a pause behind the present.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Event, Seal
from app.models.dialect import lock_key, oldest_writer
from app.models.ids import settled_before
from app.services.transaction import write

BEHIND = 30.0  # seconds: more than two machines' clocks differ, and than a batch takes from its first id to its write
MOST = 50_000  # events of one seal
SEALS_A_RUN = 200


def run(now: datetime, *, behind: float = BEHIND) -> int:
    """Seal what is new; how many events. Any number of schedulers may run this: they wait for each other."""
    total = 0
    for _turn in range(SEALS_A_RUN):
        n = _seal(now, behind)
        total += n
        if n < MOST:
            break
    return total


def _seal(now: datetime, behind: float) -> int:
    with write() as session:
        lock_key(session, "seal")
        limit = _horizon(session, behind)
        last = latest(session)
        after = last.last_event_id if last else 0
        rows = select(Event.id, Event.hash).where(Event.id > after, Event.id < limit).order_by(Event.id).limit(MOST)
        found = [(row.id, row.hash) for row in session.execute(rows)]
        if not found:
            return 0
        number, before = (last.id + 1, last.digest) if last else (1, "")
        digest = digest_of(before, number, now, found)
        session.add(Seal(id=number, at=now, events=len(found), last_event_id=found[-1][0], digest=digest))
        return len(found)


def _horizon(session: Session, behind: float) -> int:
    """The id below which nothing can appear any more. The open writers are asked before the events are read."""
    return settled_before(oldest_writer(session), behind)


def latest(session: Session) -> Seal | None:
    """The last seal, whose digest stands for everything before it."""
    return session.scalars(select(Seal).order_by(Seal.id.desc()).limit(1)).first()


def digest_of(before: str, number: int, at: datetime, events: Iterable[tuple[int, str]]) -> str:
    """A seal's digest: over the seal before, its own number and instant (UTC), and its events in the order of ids."""
    digest = hashing(before, number, at)
    for event_id, event_hash in events:
        digest.update(f"{event_id}:{event_hash}\n".encode())
    return digest.hexdigest()


def hashing(before: str, number: int, at: datetime) -> Any:
    """The beginning of a seal's digest; its events are added one by one."""
    return hashlib.sha256(f"{before}|{number}|{at.isoformat()}\n".encode())
