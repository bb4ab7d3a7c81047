"""The alarm over a site that has new tickets and nobody there for 20 minutes (rulebook 4 "Reminders", last line)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.domain.calendars import day_bounds, is_open
from app.domain.lifecycle import OPEN
from app.domain.ownership import gone_since
from app.models import Alarm, Organisation, Ticket, User, WorkItem
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.services import calendars, closures
from app.services.transaction import write

SILENT_SITE = "silent_site"
SILENCE = timedelta(minutes=20)  # of service time
AT_ONCE = 200  # sites a round


def watch(session: Session, now: datetime) -> int:
    """Raise the alarm for sites that are silent now, once a silence and day; how many. Not outside service hours.

    A site that is closed today, or whose new tickets somebody works for it, is not silent.
    """
    service = calendars.calendars(session)["service"]
    silent = _silent(session, gone_since(service, now, SILENCE), now) if is_open(service, now) else []
    session.rollback()
    return sum(_raise(site_id, province_id, since, n, now) for site_id, province_id, since, n in silent)


def _silent(session: Session, since: datetime, now: datetime) -> list[tuple[int, int | None, datetime | None, int]]:
    """Sites with new tickets where nobody was seen since, that were not told of yet: with their province, who was there
    last, and how many. What was told of stays silent and must not stand in the way of the others."""
    new = (
        select(WorkItem.scope, func.count().label("n"))
        .join(Ticket, Ticket.id == WorkItem.ticket_id)
        .where(WorkItem.state == OPEN, Ticket.handling_site_id == WorkItem.scope, Ticket.acting_id.is_(None))
        .group_by(WorkItem.scope)
        .subquery()
    )
    people = (User.organisation_id == Organisation.id) & User.disabled_at.is_(None)
    last = select(func.max(User.last_seen_at)).where(people).scalar_subquery()
    there = exists().where(people, User.last_seen_at >= since)
    told = exists().where(
        Alarm.organisation_id == Organisation.id, Alarm.kind == SILENT_SITE, Alarm.at >= day_bounds(now)[0],
        Alarm.at >= func.coalesce(last, day_bounds(now)[0]),
    )  # fmt: skip
    statement = select(Organisation, last, new.c.n).join(new, new.c.scope == Organisation.id).where(~there, ~told)
    closed = closures.closed_today(session, now)
    found = [
        (site.id, site.province_id, seen, n)
        for site, seen, n in session.execute(statement.order_by(Organisation.id))
        if not closures.is_closed(site, closed, now)
    ]
    return found[:AT_ONCE]


def _raise(site_id: int, province_id: int | None, seen: datetime | None, n: int, now: datetime) -> int:
    with write() as session:
        lock_key(session, f"silent:{site_id}")
        begin, _end = day_bounds(now)
        after = max(begin, seen) if seen else begin
        known = select(Alarm.id).where(Alarm.organisation_id == site_id, Alarm.kind == SILENT_SITE, Alarm.at >= after)
        if session.scalar(known.limit(1)) is not None:
            return 0
        session.add(Alarm(
            id=new_id(), kind=SILENT_SITE, organisation_id=site_id, province_id=province_id, at=now,
            data={"tickets": n, "since": seen.isoformat() if seen else ""},
        ))  # fmt: skip
        return 1
