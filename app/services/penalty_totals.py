"""What the ledger says of a month, summed by organisation (rulebook 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Penalty


@dataclass
class Totals:
    """Sums of a month in fen by state; `points` are those of confirmed entries."""

    proposed_fen: int = 0
    contested_fen: int = 0
    waived_fen: int = 0
    confirmed_fen: int = 0
    points: int = 0


def totals(session: Session, month: str, organisation_ids: Sequence[int] | None) -> dict[int, Totals]:
    """The sums of a month "YYYY-MM" by organisation id, of these organisations or (None) of everybody who has any."""
    amount, points = func.sum(Penalty.amount_fen), func.sum(Penalty.points)
    statement = select(Penalty.organisation_id, Penalty.state, amount, points).where(Penalty.month == month)
    if organisation_ids is not None:
        statement = statement.where(Penalty.organisation_id.in_(organisation_ids))
    found: dict[int, Totals] = {}
    for organisation_id, state, fen, counted in session.execute(
        statement.group_by(Penalty.organisation_id, Penalty.state)
    ):
        own = found.setdefault(organisation_id, Totals())
        setattr(own, f"{state}_fen", int(fen))
        own.points += int(counted) if state == "confirmed" else 0
    return found


def open_contests(session: Session, month: str) -> int:
    """How many entries of the month are contested and not decided."""
    statement = select(func.count()).where(Penalty.month == month, Penalty.state == "contested")
    return session.scalar(statement) or 0
