"""Months of events on PostgreSQL: made ahead, listed, taken off when nothing is in them any more.

An id tells the machine's time, so a month is a range of ids (`models/ids`). What no month takes lies in the rest; it is
never left there in silence: the nightly job makes its month, and doctor and metrics tell of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.calendars import local_date, month_bounds, month_of
from app.domain.errors import NotAllowed, NotFound
from app.extensions import db
from app.models import dialect_partitions as tables
from app.models.dialect_partitions import Part
from app.models.ids import drawn_at, drawn_before
from app.services.transaction import write

AHEAD = 3  # whole months after the running one that have their partition
MOST = 100_000  # rows of the rest that are looked at in a turn


@dataclass(frozen=True)
class Standing:
    """How the months stand: whole months after the running one that are there, and rows that no month took (at most
    MOST). `here` is false where events lie in one table."""

    here: bool
    ahead: int = AHEAD
    strays: int = 0


def name_of(month: str) -> str:
    """The partition of a month "YYYY-MM"."""
    return f"event_{month.replace('-', '_')}"


def ids_of(month: str) -> tuple[int, int]:
    """The smallest id of a month (Asia/Shanghai), and that of the next."""
    low, high = month_bounds(month)
    return drawn_before(low.timestamp()), drawn_before(high.timestamp())


def ahead(now: datetime) -> list[str]:
    """Make what is missing: the next months, and those of rows that no month took; what was made.

    `now` is the machine's time, as ids are. Each month is a transaction of its own; one that is there is left alone.
    """
    made = []
    for month in _wanted(now):
        low, high = ids_of(month)
        with write() as session:
            if not _covered(tables.listed(session), low, high):
                tables.add(session, name_of(month), low, high)
                made.append(month)
    return made


def _wanted(now: datetime) -> list[str]:
    session = db.session()
    if not tables.partitioned(session):
        session.rollback()
        return []
    strays = {month_of(drawn_at(key)) for key in tables.strays(session, MOST)}
    session.rollback()
    return sorted(strays | {*_next(now)})


def _next(now: datetime) -> list[str]:
    months = [month_of(now)]
    while len(months) <= AHEAD:
        months.append(month_of(month_bounds(months[-1])[1]))
    return months


def _covered(parts: list[Part], low: int, high: int) -> bool:
    """Whether some partition has any of these ids: two never share one."""
    return any(
        not part.rest and (part.low is None or part.low < high) and (part.high is None or part.high > low)
        for part in parts
    )


def listed(session: Session) -> list[Part]:
    """All partitions, the oldest first."""
    return tables.listed(session)


def until(part: Part) -> str:
    """The last day of a partition's ids, as the house counts days."""
    return "ever" if part.high is None else local_date(drawn_at(part.high - 1)).isoformat()


def detach(*, name: str, now: datetime) -> None:
    """Take a month off in which nothing is left, because its tickets went to the archive.

    Raises NotFound, NotAllowed: "needed" while any row is in it, "not_over" for a month that is not, and for the rest.
    """
    with write() as session:
        part = next((one for one in tables.listed(session) if one.name == name), None)
        if part is None:
            raise NotFound("partition_not_found")
        if part.rest or part.high is None or part.high > drawn_before(now.timestamp()):
            raise NotAllowed("not_over")
        if not tables.empty(session, name):
            raise NotAllowed("needed")
        tables.detach(session, name)


def standing(session: Session, now: datetime) -> Standing:
    """How the months stand, for whoever watches."""
    parts = tables.listed(session)
    if not parts:
        return Standing(False)
    there = 0
    for month in _next(now)[1:]:
        if not _covered(parts, *ids_of(month)):
            break
        there += 1
    return Standing(True, there, len(tables.strays(session, MOST)))
