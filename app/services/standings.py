"""Where each site stands in the month: score and audits, kept for the province board (`ux.md` "Province board").

A score needs the whole network's facts, which no page counts at each look: the scheduler renews the running month's,
and the last one's until it is frozen.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, true
from sqlalchemy.orm import Session

from app.domain.calendars import month_of
from app.extensions import db
from app.models import Audit, MonthClose, Standing, Ticket
from app.models.dialect import lock_key, read_much
from app.models.dialect_many import insert_rows
from app.services import months, scorecard_facts, scorecards
from app.services.scorecard_facts import Span
from app.services.scorecard_scope import sites, span_of
from app.services.transaction import write

FRESH = timedelta(minutes=10)  # younger than this it is not renewed: two schedulers do it once
KEY = "standings"


def renew(now: datetime) -> int:
    """Renew what is due of the running month and the last one; how many sites and months were written."""
    month = month_of(now)
    return sum(_renew(one, now) for one in (month, months.before(month)))


def _renew(month: str, now: datetime) -> int:
    session = db.session()
    session.rollback()
    if not _due(session, month, now):
        return 0
    rows = _rows(session, month, span_of(month, now))
    with write() as writing:
        lock_key(writing, KEY)
        gone = (Standing.month == month) | (Standing.month < months.before(month_of(now)))
        writing.execute(delete(Standing).where(gone))
        if rows:
            insert_rows(writing, Standing.__table__, rows)  # type: ignore[arg-type]
    return len(rows)


def _due(session: Session, month: str, now: datetime) -> bool:
    """A frozen month once after its freeze, any other one when its rows have grown old."""
    at = session.scalar(select(func.max(Standing.at)).where(Standing.month == month))
    frozen_at = session.scalar(select(MonthClose.frozen_at).where(MonthClose.month == month))
    return at is None or (at < frozen_at if frozen_at else at <= now - FRESH)


def _rows(session: Session, month: str, span: Span) -> list[dict[str, Any]]:
    read_much(session)
    untruthful = _untruthful(session, span)
    return [
        {
            "month": month, "organisation_id": line.site.id, "score": line.score.total_tenths,
            "grade": line.score.grade or "", "audited": line.facts.audited, "audited_true": line.facts.audited_true,
            "untruthful": untruthful.get(line.site.id, 0), "at": span.now,
        }
        for line in scorecards.lines_of(session, month, span, sites(session, true()))
    ]  # fmt: skip


def _untruthful(session: Session, span: Span) -> dict[int, int]:
    """Results found untruthful in the month by site, as the card counts audits."""
    found = select(Audit.site_id, func.count()).join(Ticket, Ticket.id == Audit.ticket_id).where(
        scorecard_facts.marked_in(span), Audit.mark == "untruthful", scorecard_facts.measured(),
        scorecard_facts.onboarded(Audit.site_id),
    )  # fmt: skip
    return {row[0]: int(row[1]) for row in session.execute(found.group_by(Audit.site_id))}
