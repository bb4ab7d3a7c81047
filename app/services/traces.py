"""A carrier's own trace beside the stored scans: asked on request, kept like every other scan.

A parcel is not asked for again within a while, so that a page that is opened often does not become a burden there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.domain.scans import ScanIn
from app.domain.waybills import normalise
from app.models import TraceQuery
from app.models.dialect import changed, insert_ignoring
from app.services import scans
from app.services.transaction import write

AGAIN = timedelta(minutes=10)  # after an answer, and after a refusal that will be the same again
SOON = timedelta(minutes=1)  # after a failure that may be over
KEPT = timedelta(days=30)
ASKING, KNOWN, NOTHING = "asking", "ok", "none"
MOST = 20  # parcels of one question


@dataclass(frozen=True)
class Answer:
    """What a carrier said: scans, or the code of the fault; `permanent` where asking again will end the same."""

    scans: Sequence[ScanIn] = ()
    fault: str = ""
    permanent: bool = False


Carrier = Callable[[Sequence[str]], Answer]


def due(session: Session, waybills: Collection[str], now: datetime) -> list[str]:
    """Those of the normalised numbers that may be asked for now, in their order."""
    waiting = select(TraceQuery.waybill).where(TraceQuery.waybill.in_(waybills), TraceQuery.again_at > now)
    resting = set(session.scalars(waiting))
    return [waybill for waybill in waybills if waybill not in resting]


def known(session: Session, waybills: Collection[str]) -> dict[str, TraceQuery]:
    """How the last question for each of these numbers ended."""
    rows = session.scalars(select(TraceQuery).where(TraceQuery.waybill.in_(waybills)))
    return {row.waybill: row for row in rows}


def ask(*, carrier: Carrier, waybills: Sequence[str], now: datetime) -> Answer | None:
    """Ask for what is due of at most MOST parcels and keep the scans that come; None where nothing was due.

    Nothing is locked while the carrier thinks. Two who ask at once: one asks.
    """
    with write() as session:
        wanted = _claim(session, due(session, waybills[:MOST], now), now)
    if not wanted:
        return None
    answer = carrier(wanted)
    if answer.scans:
        scans.store_scans(scans=answer.scans, now=now)
    with write() as session:
        _note(session, wanted, answer, now)
    return answer


def sweep(now: datetime) -> int:
    """Forget questions of long ago; how many."""
    with write() as session:
        return changed(session, delete(TraceQuery).where(TraceQuery.again_at <= now - KEPT))


def _claim(session: Session, waybills: Sequence[str], now: datetime) -> list[str]:
    claimed = []
    for waybill in sorted(waybills):  # one order for everybody
        row = {"waybill": waybill, "asked_at": now, "again_at": now + SOON, "outcome": ASKING}
        again = update(TraceQuery).where(TraceQuery.waybill == waybill, TraceQuery.again_at <= now)
        new = changed(session, insert_ignoring(session, TraceQuery).values(**row)) == 1
        if new or changed(session, again.values(asked_at=now, again_at=now + SOON, outcome=ASKING)) == 1:
            claimed.append(waybill)
    return claimed


def _note(session: Session, waybills: Sequence[str], answer: Answer, now: datetime) -> None:
    known = {normalise(scan.waybill) for scan in answer.scans}
    again = now + (SOON if answer.fault and not answer.permanent else AGAIN)
    groups = {KNOWN: known, NOTHING: set(waybills) - known} if not answer.fault else {answer.fault[:24]: set(waybills)}
    for outcome, numbers in groups.items():
        told = update(TraceQuery).where(TraceQuery.waybill.in_(numbers), TraceQuery.asked_at == now)
        session.execute(told.values(outcome=outcome, again_at=again))
