"""The delivery promise of the parcel that an expedite asks about, judged once, at its opening."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain import delivery_promise as rule
from app.models import Ticket
from app.services import calendars, clocks, linked, scans
from app.services.scans import COLLECT, SIGN, ScanRow

COLLECTION = "ORDER"  # the category of what waits for its collection


def when_asked(
    session: Session, ticket: Ticket, *, promised_by: datetime | None, ordered_at: datetime | None, now: datetime
) -> str:  # fmt: skip
    """inside, outside, or "" where nothing is known: by the promise that was named, else by the scans of the parcel and
    the policy's limits `transit` and `pickup`."""
    line = scans.trace(session, *linked.numbers(session, ticket.waybill)) if ticket.waybill else []
    collected, signed = _first(line, COLLECT), _first(line, SIGN)
    waits = ticket.category == COLLECTION
    began, done = (ordered_at, collected) if waits else (collected or ordered_at, signed)
    limit = clocks.limits(session, ticket)["pickup" if waits else "transit"]
    promise = rule.promised_by(promised_by, began, limit, calendars.calendars(session))
    return rule.judged(promise, done, now)


def _first(line: Sequence[ScanRow], kind: str) -> datetime | None:
    return min((scan.scanned_at for scan in line if scan.scan_type == kind), default=None)
