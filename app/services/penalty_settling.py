"""What the freeze of a month does to its penalties (rulebook 5 "Month close")."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain import penalties as rule
from app.domain.calendars import month_bounds, month_of
from app.models import Penalty
from app.models.dialect import changed, lock_key
from app.services import months
from app.services.transaction import write

LOCK = "penalty-month"
LOOK_BACK = 2  # months before the present one in which something may have been left


def lock_month(session: Session) -> None:
    """Nobody freezes a month while an entry is on its way into it, and the other way round.

    Always after the ticket's lock and before a row of the ledger is touched.
    """
    lock_key(session, LOCK)


def settle_in(session: Session, month: str, now: datetime) -> None:
    """Confirm what stands as proposed, and carry what is contested into the open month; inside the caller's freeze.

    Two statements, however many entries there are. Whoever writes an entry takes the same lock first and then asks
    whether the month is frozen.
    """
    lock_month(session)
    mine = update(Penalty).where(Penalty.month == month)
    session.execute(mine.where(Penalty.state == rule.CONTESTED).values(month=months.open_month(session, now)))
    session.execute(mine.where(Penalty.state == rule.PROPOSED).values(state=rule.CONFIRMED, settled_at=now))
    session.expire_all()


def carry_left_over(now: datetime) -> int:
    """Move what a freeze did not see into the open month; how many entries.

    A freeze reads one picture of the database: an entry that was committed right after the picture was taken is not in
    the frozen cards and is charged like any later fact.
    """
    with write() as session:
        month, carried = month_of(now), 0
        for _back in range(LOOK_BACK):
            month = month_of(month_bounds(month)[0] - timedelta(seconds=1))
            if months.is_frozen(session, month):
                left = update(Penalty).where(Penalty.month == month, Penalty.state.in_((rule.PROPOSED, rule.CONTESTED)))
                carried += changed(session, left.values(month=months.open_month(session, now)))
        return carried
