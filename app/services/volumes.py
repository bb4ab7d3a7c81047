"""Delivered volumes: tried out, then stored, all rows or none (rulebook 5, complaint rate)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.domain.scorecards import ABOVE, ASSESSED
from app.domain.trials import BadRow, Trial
from app.domain.volumes import Volume
from app.models import DeliveryVolume, MonthClose, Organisation
from app.services.penalty_settling import lock_month
from app.services.transaction import write


def trial(session: Session, rows: Sequence[Volume]) -> Trial:
    """Try the rows without writing anything. A frozen month keeps its volumes."""
    codes, frozen = _codes(session), _frozen(session)
    known = {
        (row.month, row.organisation_id): int(row.delivered)
        for row in session.execute(_of_months({row.month for row in rows}))
    }
    bad: list[BadRow] = []
    seen: set[tuple[str, str]] = set()
    added = changed = 0
    for row in rows:
        wrong = row.faults()
        if "code" not in wrong and row.code not in codes:
            wrong["code"] = "unknown_organisation"
        if "month" not in wrong and row.month in frozen:
            wrong["month"] = "month_frozen"
        if (row.month, row.code) in seen:
            wrong["code"] = "code_twice"
        seen.add((row.month, row.code))
        bad += [BadRow(row.line, row.code, field, why) for field, why in wrong.items()]
        if not wrong:
            before = known.get((row.month, codes[row.code]))
            added += before is None
            changed += before is not None and before != int(row.delivered)
    return Trial(added, changed, tuple(bad))


def store(*, actor: Actor, rows: Sequence[Volume], now: datetime) -> Trial:
    """Store the rows, all or none. Raises NotAllowed, Invalid(text) with one bad row."""
    if actor.role != "system" and not actor.can("month_close"):
        raise NotAllowed("not_allowed")
    with write() as session:
        lock_month(session)
        told = trial(session, rows)
        if told.bad:
            raise Invalid({"text": "bad_rows"})
        codes = _codes(session)
        kept = {(row.month, row.organisation_id): row for row in session.scalars(_rows({one.month for one in rows}))}
        for one in rows:
            row = kept.get((one.month, codes[one.code]))
            if row is None:
                row = DeliveryVolume(month=one.month, organisation_id=codes[one.code])
                session.add(row)
            if row.delivered != int(one.delivered):
                row.delivered, row.imported_at = int(one.delivered), now
        return told


def months(session: Session) -> list[tuple[str, int, int]]:
    """(month, organisations, parcels) of what is stored, the latest month first."""
    volume = DeliveryVolume
    statement = select(volume.month, func.count(), func.sum(volume.delivered)).group_by(volume.month)
    rows = session.execute(statement.order_by(volume.month.desc()).limit(24))
    return [(month, number, int(total)) for month, number, total in rows]


def _codes(session: Session) -> dict[str, int]:
    statement = select(Organisation.code, Organisation.id).where(Organisation.kind.in_((*ASSESSED, *ABOVE)))
    return {row.code: row.id for row in session.execute(statement)}


def _frozen(session: Session) -> set[str]:
    return set(session.scalars(select(MonthClose.month).where(MonthClose.frozen_at.is_not(None))))


def _rows(asked: Iterable[str]) -> Any:
    return select(DeliveryVolume).where(DeliveryVolume.month.in_(asked))


def _of_months(asked: Iterable[str]) -> Any:
    volume = DeliveryVolume
    return select(volume.month, volume.organisation_id, volume.delivered).where(volume.month.in_(asked))
