"""Receipts: what became of an SMS. Each message has one; repeated, foreign and forged ones change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.calendars import local_date
from app.models import Claim, Outbox, PushRefusal, SmsHandover, SmsReceipt, SmsTest
from app.models.dialect import changed, insert_ignoring
from app.models.dialect_rows import upsert_add
from app.services import customer_link, sms_fallback, sms_sends
from app.services.transaction import write

AWAITED_FOR = timedelta(hours=72)
BATCH = 100
EARLY = timedelta(minutes=5)  # a gateway's clock may be behind ours


class Report(Protocol):
    """A receipt as the drivers read it; services know no driver."""

    @property
    def serial(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def delivered(self) -> bool: ...
    @property
    def code(self) -> str: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def out_id(self) -> str: ...


@dataclass(frozen=True)
class Taken:
    """How many receipts were new, how many were known already, how many belong to no message of ours."""

    new: int = 0
    known: int = 0
    foreign: int = 0


def take(*, driver: str, reports: Sequence[Report], key: str, now: datetime) -> Taken:
    """Store what belongs to a message that went to this driver, to this phone. The foreign ones are counted only.

    `key` is SECRET_KEY.
    """
    new = known = foreign = 0
    arrived: list[tuple[Outbox, datetime | None]] = []
    with write() as session:
        for report in reports:
            owner = _owner(session, driver, report, key, now)
            if owner is None:
                foreign += 1
            elif _store(session, driver, report, owner, now):
                new += 1
                if report.delivered and isinstance(owner, Outbox):
                    arrived.append((owner, report.at))
            else:
                known += 1
        if foreign:
            _count(session, driver, "UNKNOWN_RECEIPT", now, foreign)
        for row, at in sorted(arrived, key=lambda one: one[0].ticket_id or 0):  # one order for all who lock tickets
            customer_link.delivered(session, row, at, now)
    return Taken(new, known, foreign)


def refuse(*, driver: str, reason: str, now: datetime) -> None:
    """Count something that came for receipts and was none: wrong address, broken body, too large."""
    with write() as session:
        _count(session, driver, reason, now, 1)


def _count(session: Session, driver: str, reason: str, now: datetime, n: int) -> None:
    keys = {"connection": f"sms:{driver}"[:32], "reason": reason, "day": local_date(now).isoformat()}
    upsert_add(session, PushRefusal, [{**keys, "n": n}])


def _owner(session: Session, driver: str, report: Report, key: str, now: datetime) -> Outbox | SmsTest | None:
    """The message that a receipt is about: by the gateway's id, by ours, or the only one in doubt at that phone."""
    went = select(Outbox).join(SmsHandover, SmsHandover.outbox_id == Outbox.id)
    went = went.where(SmsHandover.driver == driver, SmsHandover.phone_digest == sms_sends.digest(report.phone, key))
    row = session.scalars(went.where(Outbox.external_id == report.serial).limit(1)).first()
    if row is None and report.out_id.isdecimal() and len(report.out_id) < 19:
        row = session.scalars(went.where(Outbox.id == int(report.out_id), Outbox.external_id == "")).first()
    if row is not None:
        return row
    test = select(SmsTest).where(SmsTest.driver == driver, SmsTest.external_id == report.serial).limit(1)
    return session.scalars(test).first() or _in_doubt(session, went, report, now)


def _in_doubt(session: Session, went: object, report: Report, now: datetime) -> Outbox | None:
    """By phone and time, for gateways that never tell our id: only where a single message can be meant."""
    if report.out_id or report.at is None or not now - AWAITED_FOR <= report.at <= now + EARLY:
        return None
    doubtful = went.where(Outbox.state.in_(("unknown", "sending")), Outbox.external_id == "")  # type: ignore[attr-defined]
    rows = session.scalars(doubtful.where(SmsHandover.at <= report.at + EARLY).limit(2)).all()
    return rows[0] if len(rows) == 1 else None


def _store(session: Session, driver: str, report: Report, owner: Outbox | SmsTest, now: datetime) -> bool:
    """Store the first receipt of a message; a row that was in doubt is thereby sent. False for a repetition."""
    row = owner if isinstance(owner, Outbox) else None
    values = {
        "driver": driver, "serial": report.serial[:90], "outbox_id": row.id if row else None,
        "test_id": None if row else owner.id, "delivered": report.delivered, "code": report.code[:40],
        "reported_at": report.at, "received_at": now,
    }  # fmt: skip
    if changed(session, insert_ignoring(session, SmsReceipt).values(**values)) != 1:
        return False
    if row:
        _settle(session, row, report.serial, now)
        if not report.delivered:
            sms_fallback.note(session, row, report.code, now)
    return True


def _settle(session: Session, row: Outbox, serial: str, now: datetime) -> None:
    """A message in doubt was accepted after all; a worker that asks for it at this moment finds its token stale."""
    session.execute(update(Outbox).where(Outbox.id == row.id, Outbox.external_id == "").values(external_id=serial[:80]))
    sent = {"state": "sent", "sent_at": now, "next_try_at": None, "lease_until": None, "error": ""}
    doubtful = update(Outbox).where(Outbox.id == row.id, Outbox.state == "unknown")
    session.execute(doubtful.values(**sent, token=Outbox.token + 1))


def awaited(session: Session, driver: str, now: datetime) -> list[tuple[int, str, str, datetime]]:
    """Messages of this driver without a receipt, the oldest first: id, gateway's id, phone, when handed over."""
    statement = (
        select(Outbox, SmsHandover.at)
        .join(SmsHandover, SmsHandover.outbox_id == Outbox.id)
        .outerjoin(SmsReceipt, SmsReceipt.outbox_id == Outbox.id)
        .where(SmsHandover.driver == driver, SmsHandover.at > now - AWAITED_FOR, SmsReceipt.serial.is_(None))
        .where(Outbox.state.in_(("sent", "unknown")))
        .order_by(SmsHandover.at)
        .limit(BATCH)
    )
    found = session.execute(statement).all()
    return [(row.id, row.external_id, sms_sends.phone_of(session, row), at) for row, at in found]


def claim_pull(*, driver: str, period: str, now: datetime) -> bool:
    """True for the first that asks in that period: several workers and schedulers pull once."""
    with write() as session:
        values = {"job": f"sms-receipts-{driver}", "period": period, "claimed_at": now}
        return changed(session, insert_ignoring(session, Claim).values(**values)) == 1


def of_rows(session: Session, ids: Iterable[int]) -> dict[int, SmsReceipt]:
    """The receipts of outbox rows by the row's id."""
    found = session.scalars(select(SmsReceipt).where(SmsReceipt.outbox_id.in_(list(ids))))
    return {row.outbox_id: row for row in found if row.outbox_id is not None}
