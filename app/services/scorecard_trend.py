"""The scores of the last twelve months (rulebook 5)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import FrozenCard
from app.services import months

MONTHS = 12


def line(month: str) -> list[str]:
    """The twelve months that end with this one."""
    found = [month]
    while len(found) < MONTHS:
        found.append(months.before(found[-1]))
    return found[::-1]


def scores(session: Session, organisation_id: int, month: str, own: int | None) -> list[tuple[str, int | None]]:
    """(month, score in tenths) of twelve months; earlier ones as they were frozen, the last one `own`."""
    asked = line(month)
    statement = select(FrozenCard.month, FrozenCard.score).where(
        FrozenCard.month.in_(asked[:-1]), FrozenCard.organisation_id == organisation_id
    )
    known = {row.month: row.score for row in session.execute(statement)}
    return [(one, known.get(one)) for one in asked[:-1]] + [(month, own)]


def of_code(session: Session, code: str, month: str) -> list[tuple[str, int | None]]:
    """The same by an organisation's code, all of them as they were frozen."""
    asked = line(month)
    statement = select(FrozenCard.month, FrozenCard.score).where(FrozenCard.month.in_(asked), FrozenCard.code == code)
    known = {row.month: row.score for row in session.execute(statement)}
    return [(one, known.get(one)) for one in asked]
