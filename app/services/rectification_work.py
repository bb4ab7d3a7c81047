"""What the scheduler does for rectification forms: thresholds of a frozen month, once; reminders, each once."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import audits
from app.domain import rectifications as rule
from app.domain.rectifications import Ground, Month
from app.domain.roles import SYSTEM
from app.domain.scorecards import ASSESSED
from app.models import Audit, FrozenCard, MonthClose, Organisation, Rectification, RectificationMonth
from app.models.dialect import changed, for_update, insert_ignoring
from app.services import months, rectification_policy, rectifications
from app.services.scorecard_facts import Span, marked_in
from app.services.transaction import apart, write

log = logging.getLogger(__name__)
LOOKED_BACK = timedelta(days=31)  # a month that was frozen longer ago asks for nothing any more
AT_ONCE = 50
Found = list[tuple[int, tuple[Ground, ...]]]


def run(session: Session, now: datetime) -> int:
    """Look at the thresholds of months that were frozen, and remind of what is due; how many forms and reminders."""
    fresh = select(MonthClose.month).where(
        MonthClose.frozen_at >= now - LOOKED_BACK, MonthClose.month.not_in(select(RectificationMonth.month))
    )
    waiting = list(session.scalars(fresh.order_by(MonthClose.month)))
    session.rollback()
    made = sum(apart(log, f"the forms of {month}", of_month, session, month, now) for month in waiting)
    return made + remind(session, now)


def of_month(session: Session, month: str, now: datetime) -> int:
    """Ask every site for a form whose frozen month crosses a threshold; how many. A second run asks for none."""
    policy = rectification_policy.current(session)
    found = crossed(session, month, policy, now)
    session.rollback()
    with write() as writing:
        claim = {"month": month, "policy_version": policy.version, "looked_at": now, "made": len(found)}
        if changed(writing, insert_ignoring(writing, RectificationMonth).values(claim)) != 1:
            return 0
        for place_id, grounds in found:
            place = writing.get_one(Organisation, place_id)
            rectifications.make(writing, place, grounds, key=f"month:{month}:{place_id}", now=now, month=month)
    return len(found)


def crossed(session: Session, month: str, policy: rule.Policy, now: datetime) -> Found:
    """Organisations of a frozen month that cross a threshold, with their grounds, by id."""
    untruthful = _untruthful(session, month, now)
    before = {key: dict(body["categories"]) for key, body in _bodies(session, months.before(month))}
    found: Found = []
    for key, body in _bodies(session, month):
        counted = Month(
            body["score"], body["grade"], untruthful.get(key, 0), dict(body["categories"]), before.get(key, {})
        )
        if grounds := rule.grounds(counted, policy):
            found.append((key, grounds))
    return found


def _bodies(session: Session, month: str) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = select(FrozenCard.organisation_id, FrozenCard.body).where(
        FrozenCard.month == month, FrozenCard.kind.in_(ASSESSED)
    )
    for key, body in session.execute(rows.order_by(FrozenCard.organisation_id)).all():
        yield key, json.loads(body)


def _untruthful(session: Session, month: str, now: datetime) -> dict[int, int]:
    rows = select(Audit.site_id, func.count()).where(marked_in(Span.of(month, now)), Audit.mark == audits.UNTRUTHFUL)
    return {row[0]: row[1] for row in session.execute(rows.group_by(Audit.site_id))}


def remind(session: Session, now: datetime) -> int:
    """Tell of forms that are due within a day or late; how many were told. One that fails holds nobody up."""
    due = select(Rectification.id).where(Rectification.remind_at <= now).order_by(Rectification.remind_at)
    waiting = list(session.scalars(due.limit(AT_ONCE)))
    session.rollback()
    return sum(apart(log, f"rectification {row_id}", _remind, row_id, now) for row_id in waiting)


def _remind(row_id: int, now: datetime) -> bool:
    with write() as session:
        mine = select(Rectification).where(Rectification.id == row_id, Rectification.remind_at <= now)
        row = session.scalars(for_update(mine, skip_locked=True)).one_or_none()
        if row is None or row.state != rule.ASKED:
            return False
        late = now >= row.due_at
        while row.remind_at is not None and row.remind_at <= now:  # after a standstill told once, not for each missed
            row.told += 1
            row.remind_at = rule.next_reminder(row.due_at, row.told)
        row.was_late = row.was_late or late
        rectifications.note(session, row, "late" if late else "due_soon", SYSTEM, now, {})
        return True
