"""What each province says about its month: the form is due on the 3rd working day (rulebook 5 "Month close")."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.calendars import month_of
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.models import MonthAnalysis, Organisation
from app.models.ids import new_id
from app.services import months
from app.services.penalty_settling import lock_month
from app.services.transaction import write

TEXTS = ("causes", "measures", "requests")
TEXT_LIMIT = 2000


def of_province(session: Session, month: str, province_id: int) -> MonthAnalysis | None:
    """What a province has written about a month."""
    mine = select(MonthAnalysis).where(MonthAnalysis.month == month, MonthAnalysis.province_id == province_id)
    return session.scalars(mine).one_or_none()


def every(session: Session, month: str) -> list[tuple[Organisation, MonthAnalysis | None]]:
    """Every province with its analysis, by code."""
    joined = (MonthAnalysis.province_id == Organisation.id) & (MonthAnalysis.month == month)
    statement = select(Organisation, MonthAnalysis).outerjoin(MonthAnalysis, joined)
    rows = session.execute(statement.where(Organisation.kind == "province").order_by(Organisation.code))
    return [(row[0], row[1]) for row in rows]


def keep(*, actor: Actor, month: str, texts: dict[str, str], submit: bool, now: datetime) -> None:
    """Keep a province's analysis, or hand it in; until the freeze it may be changed.

    Raises NotAllowed ("not_allowed", "month_frozen", "month_running"), Invalid by text.
    """
    if not actor.can("month_analysis") or actor.province_id is None:
        raise NotAllowed("not_allowed")
    errors = {name: "too_long" for name in TEXTS if len(texts.get(name, "").strip()) > TEXT_LIMIT}
    if submit:
        errors |= {name: "required" for name in ("causes", "measures") if not texts.get(name, "").strip()}
    if errors:
        raise Invalid(errors)
    with write() as session:
        lock_month(session)
        if months.is_frozen(session, month):
            raise NotAllowed("month_frozen")
        if month >= month_of(now):
            raise NotAllowed("month_running")
        row = of_province(session, month, actor.province_id)
        if row is None:
            row = MonthAnalysis(id=new_id(), month=month, province_id=actor.province_id)
            session.add(row)
        row.body = {name: texts.get(name, "").strip() for name in TEXTS}
        row.written_at, row.written_by_id = now, actor.user_id or 0
        row.submitted_at = now if submit else row.submitted_at
