"""The real outbox with a platform that takes or refuses an answer."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Outbox, PlatformOrder
from app.services import callbacks, outbox
from app.services.outbox import Result
from tests.failing import Killed, dying


def deliver(session: Session, code: str, taken: bool, now: datetime, nth: int = 0) -> None:
    """Deliver the oldest answer to an order, as the job does; the worker dies at the nth point, where there is one, and
    another goes on when its lease is over."""
    session.rollback()
    order_id = session.scalar(select(PlatformOrder.id).where(PlatformOrder.code == code))
    waiting = select(Outbox.id).where(Outbox.lane == f"order:{order_id}", Outbox.state == "pending")
    row_id = session.scalars(waiting.order_by(Outbox.id)).first()
    assert row_id is not None, f"no answer to {code} waits"
    said = Result("sent") if taken else Result("refused", code="E1", text="缺少签收人")
    if nth:
        with suppress(Killed), dying(nth=nth):
            _deliver(row_id, said, now)
        session.rollback()
        row = session.get_one(Outbox, row_id)
        row.lease_until = None
        session.commit()
    _deliver(row_id, said, now)


def _deliver(row_id: int, said: Result, now: datetime) -> None:
    outbox.deliver(
        row_id, send=lambda row, material: said, prepare=lambda inner, row: None, settle=_settle, lease=60,
        clock=lambda: now,
    )  # fmt: skip


def _settle(session: Session, row: Outbox, result: Result, now: datetime) -> Any:
    if result.state == "sent":
        callbacks.accepted(session, row, now)
    else:
        callbacks.refused(session, row, result.code, result.text, now)
