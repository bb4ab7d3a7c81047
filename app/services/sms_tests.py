"""Test messages: one SMS to a number typed in, logged before it leaves, and not more than a few."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import NotAllowed
from app.domain.masking import mask_phone
from app.domain.roles import Actor
from app.models import SmsReceipt, SmsTest
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.services.transaction import write

LIMIT, PERIOD = 5, timedelta(minutes=10)
SHOWN = 10


def begin(*, actor: Actor, driver: str, purpose: str, phone: str, now: datetime) -> int:
    """Log a test before it leaves; its id. The number is kept masked.

    Raises NotAllowed("too_many") after 5 tests of anybody within 10 minutes, and for all but administrators.
    """
    if not actor.can("admin"):
        raise NotAllowed("not_allowed")
    with write() as session:
        lock_key(session, "sms-test")
        recent = select(func.count()).select_from(SmsTest).where(SmsTest.at > now - PERIOD)
        if int(session.scalar(recent) or 0) >= LIMIT:
            raise NotAllowed("too_many")
        row = SmsTest(id=new_id(), driver=driver, purpose=purpose, phone_masked=mask_phone(phone), at=now)
        row.user_id, row.state = actor.user_id, "sending"
        session.add(row)
        return row.id


def finish(*, test_id: int, state: str, code: str = "", external_id: str = "") -> None:
    """Write down what the gateway said: sent, refused, retry or unknown, and its code."""
    with write() as session:
        row = session.get_one(SmsTest, test_id)
        row.state, row.code, row.external_id = state, code[:80], external_id[:90]


def latest(session: Session) -> list[tuple[SmsTest, SmsReceipt | None]]:
    """The newest tests with their receipts."""
    statement = select(SmsTest, SmsReceipt).outerjoin(SmsReceipt, SmsReceipt.test_id == SmsTest.id)
    rows = session.execute(statement.order_by(SmsTest.at.desc()).limit(SHOWN))
    return [(test, receipt) for test, receipt in rows]
