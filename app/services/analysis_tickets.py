"""The tickets behind a number of the analysis pages, in scope. Select only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from app.domain.analysis import Range
from app.domain.calendars import at_local
from app.domain.roles import Actor
from app.models import Organisation, Scan, Ticket
from app.models.dialect_time import shanghai_hour, shanghai_weekday
from app.services import analysis
from app.services.analysis import Area
from app.services.day_facts import DELIVERY
from app.services.scope import one_by_one, visible_to
from app.services.scorecard_facts import measured

PAGE = 50
AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Asked:
    """Which tickets: opened on these days, and of one category, site (code), weekday (0 Monday), hour, courier."""

    days: Range
    category: str = ""
    site: str = ""
    weekday: int | None = None
    hour: int | None = None
    courier: str = ""


@dataclass(frozen=True)
class Line:
    """One ticket of the list with its site."""

    ticket: Ticket
    site: Organisation | None


def page(
    session: Session, actor: Actor, where: Area, asked: Asked, after: tuple[datetime, int] | None = None
) -> tuple[list[Line], tuple[datetime, int] | None]:
    """The latest first, PAGE of them, and from where the next page goes on."""
    later: list[ColumnElement[bool]] = []
    if after is not None:
        at, row_id = after
        before = or_(Ticket.opened_at < at, and_(Ticket.opened_at == at, Ticket.id < row_id))
        later = [Ticket.opened_at <= at, before]
    if asked.weekday is not None and asked.hour is not None:
        statement = _in_hours(actor, where, asked, later)
    else:
        statement = _found(actor, where, asked).where(*later)
    rows = session.execute(statement.order_by(Ticket.opened_at.desc(), Ticket.id.desc()).limit(PAGE + 1)).all()
    lines = [Line(ticket, site) for ticket, site in rows[:PAGE]]
    more = (lines[-1].ticket.opened_at, lines[-1].ticket.id) if len(rows) > PAGE else None
    return lines, more


def below(session: Session, actor: Actor, where: Area, asked: Asked, row_id: int, limit: int) -> list[tuple[int, Line]]:
    """The same by falling id below `row_id`, one more than `limit` where there are more."""
    statement = _found(actor, where, asked).where(Ticket.id < row_id).order_by(Ticket.id.desc()).limit(limit + 1)
    return [(ticket.id, Line(ticket, site)) for ticket, site in session.execute(statement)]


def count(session: Session, actor: Actor, where: Area, asked: Asked, row_id: int, most: int) -> int:
    """How many there are, at most `most`."""
    some = _found(actor, where, asked).where(Ticket.id < row_id).with_only_columns(Ticket.id).limit(most)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _found(actor: Actor, where: Area, asked: Asked) -> Select[Any]:
    start, end = analysis.instants(asked.days)
    return _lines().where(*_wanted(actor, where, asked), Ticket.opened_at >= start, Ticket.opened_at < end)


def _lines() -> Select[Any]:
    site = aliased(Organisation)
    columns: tuple[Any, ...] = (Ticket, site)
    return select(*columns).outerjoin(site, site.id == Ticket.handling_site_id)


def _wanted(actor: Actor, where: Area, asked: Asked) -> Iterator[ColumnElement[bool]]:
    """Every condition but that of the days."""
    yield measured()
    if where.id:
        yield Ticket.province_id == where.id
    if asked.category:
        yield Ticket.category == asked.category
    if asked.site:
        own = select(Organisation.id).where(Organisation.code == asked.site).scalar_subquery()
        yield Ticket.handling_site_id == own
    if asked.weekday is not None:
        yield shanghai_weekday(Ticket.opened_at) == asked.weekday
    if asked.hour is not None:
        yield shanghai_hour(Ticket.opened_at) == asked.hour
    if asked.courier:
        yield _last_courier() == asked.courier
    yield one_by_one(visible_to(actor))  # last: of the few that are left


def _in_hours(actor: Actor, where: Area, asked: Asked, after: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The newest of one hour of the week: of each day of that name a piece of the index, as long as a page. Walked from
    the newest on, an index would be read 167 rows for one."""
    wanted = [*_wanted(actor, where, replace(asked, weekday=None, hour=None)), *after]
    pieces = []
    for day in asked.days.each():
        if day.weekday() != asked.weekday:
            continue
        begin = at_local(day, time(asked.hour or 0))
        piece = select(Ticket.id).where(*wanted, Ticket.opened_at >= begin, Ticket.opened_at < begin + AN_HOUR)
        newest = piece.order_by(Ticket.opened_at.desc(), Ticket.id.desc()).limit(PAGE + 1).subquery()
        pieces.append(select(newest.c.id))
    if not pieces:
        return _lines().where(false())
    found = union_all(*pieces).subquery()
    return _lines().join(found, found.c.id == Ticket.id)


def _last_courier() -> Any:
    scans = select(Scan.courier).where(
        Scan.waybill == Ticket.waybill, Scan.courier != "", Scan.scan_type.in_(DELIVERY), Ticket.waybill != ""
    )
    return scans.order_by(Scan.scanned_at.desc()).limit(1).correlate(Ticket).scalar_subquery()
