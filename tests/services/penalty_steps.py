"""Steps that several tests of the ledger share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.models import Penalty, PenaltyContest, PenaltyDue, Ticket
from app.services import penalties, penalty_contests, penalty_hand, sweep
from app.services.penalty_contests import ContestIn
from app.services.penalty_hand import HandIn
from tests.cast import NOON, Cast, post, push
from tests.services.ending_steps import picture

HOUR = timedelta(hours=1)
LATE = NOON + 2 * HOUR  # the first reply of a ticket pushed at noon is late since 12:30


def keep(session: Any, now: datetime = LATE) -> None:
    """What the scheduler does: time passes over the clocks, then the ledger looks."""
    while sweep.run(session, now):
        pass
    assert penalties.run(session, now) >= 0
    assert session.scalar(select(PenaltyDue.ticket_id).where(PenaltyDue.try_at <= now)) is None
    session.rollback()


def ledger(session: Any, number: str = "") -> list[Penalty]:
    """The lines of a ticket, or all, in the order in which they were written."""
    session.rollback()
    session.expire_all()
    statement = select(Penalty).join(Ticket, Ticket.id == Penalty.ticket_id).order_by(Penalty.id)
    return list(session.scalars(statement.where(Ticket.number == number) if number else statement))


def lines(session: Any, number: str = "") -> list[tuple[str, str, int, str]]:
    """Rule, occurrence, fen and state of each line."""
    return [(row.rule, row.occurrence, row.amount_fen, row.state) for row in ledger(session, number)]


def late(cast: Cast, session: Any, code: str = "W1", now: datetime = LATE, **more: Any) -> str:
    """A ticket whose first reply is late, with its entry."""
    number = push(cast, code, **more)
    keep(session, now)
    return number


def contest(cast: Cast, row: Penalty, who: str = "site-manager", reason: str = "system_fault", **more: Any) -> int:
    """The site contests an entry; the contest's id."""
    at = more.pop("now", LATE + HOUR)
    return penalty_contests.contest(
        actor=cast[who], penalty_id=row.id, asked=ContestIn(reason, "系统那天打不开", **more), now=at
    )


def found(session: Any, contest_id: int) -> PenaltyContest:
    """The contest as it is now."""
    session.rollback()
    return session.get_one(PenaltyContest, contest_id, populate_existing=True)


def decide(
    cast: Cast, contest_id: int, who: str = "lcs", granting: bool = True, now: datetime = LATE + 2 * HOUR
) -> None:
    """Grant or refuse."""
    penalty_contests.decide(actor=cast[who], contest_id=contest_id, granting=granting, text="查实", now=now)


def hand(cast: Cast, number: str, who: str = "lcs", key: str = "", **values: Any) -> Any:
    """A loss of 333.35 yuan, entered by hand with a picture."""
    pictures = [picture(cast, who, number, "penalty", LATE)]
    given = {
        "rule": "loss",
        "organisation": "330106-01",
        "base_fen": 33_335,
        "text": "未按要求送货",
        "attachments": pictures,
    }
    return penalty_hand.enter(actor=cast[who], post=post(number, key), fact=HandIn(**{**given, **values}), now=LATE)
