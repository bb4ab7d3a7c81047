"""Delivers what must leave the house: claim with a lease and a token, send, write down what happened (promises 4–7).

pending → claimed → sending (committed just before the request) → sent | unknown | failed. A row found in `claimed`
after its lease is taken again. One found in `sending`: a callback is repeated with the same task and operate time, an
SMS is asked for at the gateway and never blindly sent again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from app import failpoints
from app.domain.errors import NotAllowed, NotFound
from app.domain.roles import Actor
from app.models import Outbox
from app.models.dialect import changed, for_update
from app.services.transaction import write

GIVE_UP_AFTER = timedelta(hours=72)
OPEN = ("pending", "claimed", "sending")


@dataclass(frozen=True)
class Result:
    """What the driver says: sent (with the gateway's id), refused for good, again later, or unknown."""

    state: str  # sent | refused | retry | unknown
    external_id: str = ""
    code: str = ""
    text: str = ""


Driver = Callable[[Outbox, Any], Result]


def due(session: Session, now: datetime, limit: int = 50) -> list[int]:
    """Ids of rows whose next try has come and that are first in their lane."""
    earlier = aliased(Outbox)
    blocked = (
        select(earlier.id)
        .where(earlier.lane == Outbox.lane, earlier.id < Outbox.id, earlier.state.in_(OPEN + ("unknown",)))
        .where(Outbox.kind == "callback")
        .exists()
    )
    statement = select(Outbox.id).where(Outbox.next_try_at <= now, ~blocked)
    return list(session.scalars(statement.order_by(Outbox.next_try_at, Outbox.id).limit(limit)))


def deliver(
    row_id: int, *, send: Driver, prepare: Callable[[Session, Outbox], Any], settle: Callable[..., None], lease: int,
    clock: Callable[[], datetime], query: Driver | None = None,
) -> str:  # fmt: skip
    """Deliver one row with the driver `send`; the row's new state, or "busy" when another worker has it.

    `prepare` reads what the driver needs, or gives a Result where nothing is to be sent any more; `settle(session, row,
    result, now)` writes the consequences in the final transaction; `clock` gives the time at each step, because a
    request takes time. `query` asks the gateway.
    """
    claimed = _claim(row_id, clock(), lease)
    if claimed is None:
        return "busy"
    token, ask_first = claimed
    failpoints.reach("outbox.claimed")
    content = _begin_sending(row_id, token, prepare, clock(), lease)
    if content is None:
        return "busy"
    row, material = content
    failpoints.reach("outbox.sending")
    driver = query if ask_first and query else send
    result = material if isinstance(material, Result) else driver(row, material)
    failpoints.reach("outbox.sent")
    state = _write_down(row_id, token, result, settle, clock())
    failpoints.reach("outbox.settled")
    return state


def _claim(row_id: int, now: datetime, lease: int) -> tuple[int, bool] | None:
    """Take the row when it is free or its lease is over; True when an SMS request may already have gone out."""
    with write() as session:
        row = session.scalars(for_update(select(Outbox).where(Outbox.id == row_id), skip_locked=True)).one_or_none()
        if row is None or row.state not in OPEN + ("unknown",) or (row.lease_until and row.lease_until > now):
            return None
        in_doubt = row.state in ("sending", "unknown") and row.kind != "callback"
        row.token += 1
        row.state, row.lease_until = "unknown" if in_doubt else "claimed", now + timedelta(seconds=lease)
        row.next_try_at = row.lease_until
        return row.token, in_doubt


def _begin_sending(
    row_id: int, token: int, prepare: Callable[[Session, Outbox], Any], now: datetime, lease: int
) -> tuple[Outbox, Any] | None:
    with write() as session:
        guarded = update(Outbox).where(Outbox.id == row_id, Outbox.token == token)
        taken = changed(
            session,
            guarded.values(state="sending", attempts=Outbox.attempts + 1, lease_until=now + timedelta(seconds=lease)),
        )
        if taken != 1:
            return None
        row = session.get_one(Outbox, row_id, populate_existing=True)
        session.flush()
        session.expunge(row)  # from here on what is put into it leaves the house and is stored nowhere
        return row, prepare(session, row)


def _write_down(row_id: int, token: int, result: Result, settle: Callable[..., None], now: datetime) -> str:
    with write() as session:
        statement = for_update(select(Outbox).where(Outbox.id == row_id, Outbox.token == token))
        row = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
        if row is None:
            return "busy"
        row.error, row.lease_until = _error(result), None
        if result.external_id:
            row.external_id = result.external_id
        if result.state == "sent":
            row.state, row.sent_at, row.next_try_at = "sent", now, None
        elif result.state == "refused" or (result.state == "retry" and now - row.created_at > GIVE_UP_AFTER):
            row.state, row.next_try_at = "failed", None
        elif result.state == "unknown":
            row.state, row.next_try_at = "unknown", now + backoff(row.attempts)
        else:
            row.state, row.next_try_at = "pending", now + backoff(row.attempts)
        settle(session, row, result, now)
        return row.state


def backoff(attempts: int) -> timedelta:
    """The pause before the next try: doubling from 2 s to 15 min, with jitter so that retries spread."""
    return timedelta(seconds=min(900, 2 ** min(attempts, 10)) * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


def resend(*, actor: Actor, row_id: int, now: datetime) -> None:
    """Put a failed callback back in line by hand. Raises NotFound outside the scope, NotAllowed unless it failed."""
    with write() as session:
        row = session.get(Outbox, row_id)
        if row is None or row.kind != "callback" or not in_scope(actor, row):
            raise NotFound("outbox_row_not_found")
        if row.state != "failed":
            raise NotAllowed("not_failed")
        row.state, row.next_try_at, row.error, row.attempts, row.created_at = "pending", now, "", 0, now


def in_scope(actor: Actor, row: Outbox) -> bool:
    """Whether the actor may see this row: LCS in the province, CCS and admin everywhere."""
    if actor.desk == "lcs":
        return row.province_id == actor.province_id
    return actor.desk in ("ccs", "admin")


def backlog(session: Session) -> int:
    """Rows that still have to leave."""
    return int(session.scalar(select(func.count()).where(Outbox.state.in_(OPEN))) or 0)


def _error(result: Result) -> str:
    return f"{result.code}: {result.text}".strip(": ") if result.code or result.text else ""
