"""What a month's penalties add up to, by organisation and state: one grouped statement. Select only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Penalty


@dataclass(frozen=True)
class Totals:
    """Sums of one organisation in one month, in fen, and the points taken off its people."""

    proposed_fen: int = 0
    contested_fen: int = 0
    waived_fen: int = 0
    confirmed_fen: int = 0
    points: int = 0


def totals(session: Session, month: str, organisation_ids: Sequence[int] | None) -> dict[int, Totals]:
    """The totals of a month "YYYY-MM" for these organisations, or for all that have any entry.

    Points are those that stand: proposed, contested or confirmed.
    """
    statement = select(
        Penalty.organisation_id, Penalty.state, func.sum(Penalty.amount_fen), func.sum(Penalty.points)
    ).where(Penalty.month == month)
    if organisation_ids is not None:
        statement = statement.where(Penalty.organisation_id.in_(organisation_ids))
    found: dict[int, dict[str, int]] = {}
    for organisation_id, state, fen, points in session.execute(
        statement.group_by(Penalty.organisation_id, Penalty.state)
    ):
        sums = found.setdefault(organisation_id, {"points": 0})
        sums[f"{state}_fen"] = int(fen)
        sums["points"] += int(points) if state != "waived" else 0
    return {organisation_id: Totals(**sums) for organisation_id, sums in found.items()}


def open_contests(session: Session, month: str) -> int:
    """How many entries of a month are contested and not decided."""
    waiting = select(func.count()).where(Penalty.month == month, Penalty.state == "contested")
    return session.scalar(waiting) or 0
