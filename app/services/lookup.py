"""The read side of the waybill look-up: up to 20 parcels with their traces and the tickets on them. Select only.

The number of statements does not depend on how many numbers are asked for, nor on how many tickets there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.models import Organisation, Ticket, TraceQuery
from app.services import linked, scans, traces
from app.services.scans import DELIVER, SIGN, ScanRow
from app.services.scope import visible_to

MOST_SCANS = 40  # of each number, the newest
MOST_TICKETS = 10  # of each number, the newest


@dataclass(frozen=True)
class OnParcel:
    """A ticket on a parcel, in the scope of whoever asks. Instants are UTC."""

    number: str
    waybill: str
    kind: str
    category: str
    state: str
    due_at: datetime | None
    clock: str
    overdue: bool
    opened_at: datetime
    site_name: str
    site_name_en: str


@dataclass(frozen=True)
class Parcel:
    """What is known of a number: the other numbers of its parcel, its scans and tickets, newest first, and how the last
    question to the carrier ended."""

    waybill: str
    others: tuple[str, ...]
    trace: tuple[ScanRow, ...]
    tickets: tuple[OnParcel, ...]
    asked: TraceQuery | None

    @property
    def last(self) -> ScanRow | None:
        """The newest scan."""
        return self.trace[0] if self.trace else None

    @property
    def delivery(self) -> ScanRow | None:
        """The last delivery or signing scan: whose parcel it is now."""
        return next((scan for scan in self.trace if scan.scan_type in (DELIVER, SIGN)), None)


def look_up(session: Session, actor: Actor, waybills: Sequence[str]) -> list[Parcel]:
    """Each of the normalised numbers in the given order.

    Where a parcel went is open to every desk; couriers and notes only to those whom it concerns: it passed through
    their own organisation or province, or they have a ticket on it.
    """
    numbers = linked.parcels(session, waybills)
    every = sorted({number for parcel in numbers.values() for number in parcel})
    scanned = scans.traces(session, every, MOST_SCANS) if every else {}
    tickets = _tickets(session, actor, every) if every else {}
    asked = traces.known(session, waybills) if every else {}
    found = []
    for waybill in waybills:
        rows = sorted((row for one in numbers[waybill] for row in scanned.get(one, [])), key=_at, reverse=True)
        on_it = [ticket for one in numbers[waybill] for ticket in tickets.get(one, [])]
        if not (on_it or _concerns(actor, rows)):
            rows = [replace(row, courier="", note="") for row in rows]
        others = tuple(numbers[waybill][1:])
        found.append(Parcel(waybill, others, tuple(rows), tuple(on_it), asked.get(waybill)))
    return found


def _at(row: ScanRow) -> datetime:
    return row.scanned_at


def _concerns(actor: Actor, rows: Sequence[ScanRow]) -> bool:
    if actor.desk == "ccs":
        return True
    if actor.desk == "lcs":
        return any(row.province_id == actor.province_id for row in rows)
    return any(row.organisation_id == actor.organisation_id for row in rows)


def _tickets(session: Session, actor: Actor, numbers: Sequence[str]) -> dict[str, list[OnParcel]]:
    nth = func.row_number().over(partition_by=Ticket.waybill, order_by=Ticket.id.desc())
    here = select(Ticket.id, nth.label("nth")).where(Ticket.waybill.in_(numbers), visible_to(actor)).subquery()
    statement = (
        select(
            Ticket.number, Ticket.waybill, Ticket.kind, Ticket.category, Ticket.state, Ticket.next_due_at,
            Ticket.next_clock, Ticket.overdue, Ticket.opened_at, Organisation.name, Organisation.name_en, Ticket.id,
        )
        .join(here, here.c.id == Ticket.id)
        .outerjoin(Organisation, Organisation.id == Ticket.handling_site_id)
        .where(here.c.nth <= MOST_TICKETS)
    )  # fmt: skip
    found: dict[str, list[OnParcel]] = {}
    for row in sorted(session.execute(statement), key=lambda row: row.id, reverse=True):  # bounded
        found.setdefault(row.waybill, []).append(OnParcel(*row[:9], row.name or "", row.name_en or ""))
    return found
