"""The tickets behind a number of the analysis pages, in scope. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.domain.analysis import Range
from app.domain.roles import Actor
from app.models import Organisation, Scan, Ticket
from app.models.dialect_time import shanghai_hour, shanghai_weekday
from app.services import analysis
from app.services.analysis import Area
from app.services.day_facts import DELIVERY
from app.services.scope import one_by_one, visible_to
from app.services.scorecard_facts import measured

PAGE = 50


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
    statement = _found(actor, where, asked)
    if after is not None:
        at, row_id = after
        statement = statement.where(
            Ticket.opened_at <= at, or_(Ticket.opened_at < at, and_(Ticket.opened_at == at, Ticket.id < row_id))
        )
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
    site = aliased(Organisation)
    columns: tuple[Any, ...] = (Ticket, site)
    statement: Select[Any] = select(*columns).outerjoin(site, site.id == Ticket.handling_site_id)
    statement = statement.where(Ticket.opened_at >= start, Ticket.opened_at < end, measured())
    statement = statement.where(one_by_one(visible_to(actor)))
    if where.id:
        statement = statement.where(Ticket.province_id == where.id)
    if asked.category:
        statement = statement.where(Ticket.category == asked.category)
    if asked.site:
        own = select(Organisation.id).where(Organisation.code == asked.site).scalar_subquery()
        statement = statement.where(Ticket.handling_site_id == own)
    if asked.weekday is not None:
        statement = statement.where(shanghai_weekday(Ticket.opened_at) == asked.weekday)
    if asked.hour is not None:
        statement = statement.where(shanghai_hour(Ticket.opened_at) == asked.hour)
    return statement.where(_last_courier() == asked.courier) if asked.courier else statement


def _last_courier() -> Any:
    scans = select(Scan.courier).where(
        Scan.waybill == Ticket.waybill, Scan.courier != "", Scan.scan_type.in_(DELIVERY), Ticket.waybill != ""
    )
    return scans.order_by(Scan.scanned_at.desc()).limit(1).correlate(Ticket).scalar_subquery()
