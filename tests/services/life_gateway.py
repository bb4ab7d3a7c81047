"""The real outbox with a platform that takes or refuses an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Outbox, PlatformOrder
from app.services import callbacks, outbox
from app.services.outbox import Result


def deliver(session: Session, code: str, taken: bool, now: datetime) -> None:
    """Deliver the oldest answer to an order, as the job does."""
    session.rollback()
    order_id = session.scalar(select(PlatformOrder.id).where(PlatformOrder.code == code))
    waiting = select(Outbox.id).where(Outbox.lane == f"order:{order_id}", Outbox.state == "pending")
    row_id = session.scalars(waiting.order_by(Outbox.id)).first()
    assert row_id is not None, f"no answer to {code} waits"
    said = Result("sent") if taken else Result("refused", code="E1", text="缺少签收人")
    outbox.deliver(
        row_id, send=lambda row, material: said, prepare=lambda inner, row: None, settle=_settle, lease=60,
        clock=lambda: now,
    )  # fmt: skip


def _settle(session: Session, row: Outbox, result: Result, now: datetime) -> Any:
    if result.state == "sent":
        callbacks.accepted(session, row, now)
    else:
        callbacks.refused(session, row, result.code, result.text, now)
