"""Counting days for the analysis pages: a whole day at once, by the scheduler, so that no page counts tickets.

The day that runs is counted every few minutes, the last two weeks once a night (results and rulings come later), and
older days that were never counted, back to FIRST. What a day counts is defined by `scorecard_facts`.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.domain.calendars import ONE_DAY, SHANGHAI, at_local, local_date
from app.domain.scorecards import NAMES
from app.models import DayCounted, DayFact, Organisation, Scan, Ticket
from app.models.dialect import lock_key
from app.models.dialect_many import insert_rows
from app.services.scorecard_facts import Span, measured, month_facts
from app.services.transaction import write

FRESH = timedelta(minutes=10)  # the running day is counted this often
SETTLING = 14  # days that are counted again each night
KEPT = 400  # days that are kept, and made up for
NIGHT = time(0, 20)  # from when on the day before is counted for the night
NETWORK = 0
NEVER = ("open",)  # tells of the moment, not of the day
DELIVERY = ("DELIVER", "SIGN")
Counts = Counter[tuple[int, str, str]]


def next_day(session: Session, now: datetime) -> date | None:
    """The day that has to be counted now: the running one, then the youngest of the others; None when all are."""
    today = local_date(now)
    known = {
        row.day: row.counted_at
        for row in session.execute(select(DayCounted.day, DayCounted.counted_at).where(DayCounted.day > _first(today)))
    }
    if today not in known or known[today] <= now - FRESH:
        return today
    night = at_local(today, NIGHT)
    oldest = _oldest(session, today)
    for n in range(1, KEPT):
        day = today - n * ONE_DAY
        if oldest is None or day < oldest:
            return None
        at = known.get(day)
        over = at_local(day + ONE_DAY, NIGHT)  # one that was last counted while it ran is not whole
        if at is None or at < over <= now or (n <= SETTLING and at < night <= now):
            return day
    return None


def _first(today: date) -> date:
    return today - KEPT * ONE_DAY


def _oldest(session: Session, today: date) -> date | None:
    at = session.scalar(select(func.min(Ticket.opened_at)).where(Ticket.opened_at >= at_local(_first(today), time(0))))
    return local_date(at) if at else None


def count(session: Session, now: datetime) -> date | None:
    """Count one day that needs it; which, or None."""
    day = next_day(session, now)
    if day is None:
        session.rollback()
        return None
    found = counted(session, day, now)
    session.rollback()
    rows = [
        {"scope_id": scope, "kind": kind, "day": day, "code": code[:100], "n": n}
        for (scope, kind, code), n in sorted(found.items()) if n
    ]  # fmt: skip
    with write() as writing:
        lock_key(writing, "day facts")
        writing.execute(delete(DayFact).where(DayFact.day == day))
        writing.execute(delete(DayCounted).where(DayCounted.day == day))
        if rows:
            insert_rows(writing, DayFact.__table__, rows)  # type: ignore[arg-type]
        writing.add(DayCounted(day=day, counted_at=now))
    return day


def counted(session: Session, day: date, now: datetime) -> Counts:
    """Every number of a day by (scope, kind, code). A fixed number of statements over indexed ranges of the day."""
    span = Span(at_local(day, time(0)), at_local(day + ONE_DAY, time(0)), now)
    found: Counts = Counter()
    _opened(session, span, found)
    _couriers(session, span, found)
    _measures(session, span, found)
    return found


def _opened(session: Session, span: Span, found: Counts) -> None:
    columns = select(Ticket.province_id, Ticket.handling_site_id, Ticket.category, Ticket.opened_at)
    for province, site, category, at in session.execute(columns.where(span.holds(Ticket.opened_at), measured())):
        hour = f"{at.astimezone(SHANGHAI):%H}"
        for scope in {NETWORK, province or NETWORK}:
            found[scope, "category", category] += 1
            found[scope, "hour", hour] += 1
            found[scope, "measure", "tickets"] += 1
        if province:
            found[NETWORK, "province", str(province)] += 1
            if site:
                found[province, "site", str(site)] += 1


def _couriers(session: Session, span: Span, found: Counts) -> None:
    """Each ticket counts for the courier of its parcel's last delivery scan."""
    scans = (
        select(Ticket.id, Ticket.province_id, Ticket.handling_site_id, Scan.courier)
        .join(Scan, Scan.waybill == Ticket.waybill)
        .where(
            span.holds(Ticket.opened_at), measured(), Ticket.waybill != "", Ticket.handling_site_id.is_not(None),
            Ticket.province_id.is_not(None), Scan.courier != "", Scan.scan_type.in_(DELIVERY),
        ).order_by(Ticket.id, Scan.scanned_at)
    )  # fmt: skip
    last = {row[0]: (int(row[1] or 0), f"{row[2]}:{row[3]}") for row in session.execute(scans)}
    for scope, code in last.values():
        found[scope, "courier", code] += 1


def _measures(session: Session, span: Span, found: Counts) -> None:
    facts = month_facts(session, span)
    wanted = select(Organisation.id, Organisation.kind, Organisation.province_id).where(Organisation.id.in_(facts))
    for key, kind, province in session.execute(wanted):
        scope: int = key if kind == "province" else province or NETWORK
        for name in NAMES:
            if name != "tickets" and name not in NEVER and (n := getattr(facts[key], name)):
                for one in {NETWORK, scope}:
                    found[one, "measure", name] += n


def forget(now: datetime) -> None:
    """Delete what is older than KEPT days."""
    first = _first(local_date(now))
    with write() as session:
        session.execute(delete(DayFact).where(DayFact.day <= first))
        session.execute(delete(DayCounted).where(DayCounted.day <= first))
