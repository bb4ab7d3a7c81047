"""A company whose November lies far behind: tickets of it that may go to the archive, and months that are frozen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import select, update

from app.extensions import db
from app.models import Audit, Inbox, Outbox, PenaltyDue, Survey, Ticket
from app.models.archive import ArchivedTicket
from app.services import archive, month_freeze, penalties, replies, seals, sweep, verdicts
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import Cast, post, push, tell, ticket
from tests.services.ending_steps import answer

AT = datetime(2026, 11, 18, 4, tzinfo=UTC)
MONTHS = ("2026-11", "2026-12", "2027-01", "2027-02")
LATER = datetime(2027, 8, 1, 18, tzinfo=UTC)  # two in the morning in Shanghai
KEEP = 6
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEXT = "邻居的狗叫旺财"


def ended(cast: Cast, code: str = "W1", now: datetime = AT, site: str = "330106-01", wait: timedelta = HOUR / 2) -> str:
    """A platform's complaint that was urged, answered and closed, with everything delivered."""
    number = push(cast, code, text=TEXT, now=now, site=site, waybill=f"YT10000000{int(code[1:]):05}")
    tell(cast, "URGE", code, at=now + HOUR / 6, now=now + HOUR / 6)
    who = "site" if site == "330106-01" else "site-2"
    replies.claim(actor=cast[who], post=post(number), now=now + HOUR / 12)
    answer(cast, number, now + wait) if who == "site" else replies.result(
        actor=cast[who], post=post(number), answer=said(), now=now + wait
    )
    verdicts.customer_accepts(actor=cast[who], post=post(number), text="客户说可以", now=now + wait + HOUR)
    replies.close(actor=cast[who], post=post(number), root_cause="courier", verified=True, now=now + wait + 2 * HOUR)
    return number


def said(promised: datetime | None = None) -> ResultIn:
    promises = [PromiseIn("redelivery", promised, "明天再送", "老王")] if promised else []
    return ResultIn(text="已重新派送到您手中", contact_outcome="reached_accepts", promises=promises)


def settle(now: datetime = AT + 5 * DAY) -> None:
    """Time passes: clocks are swept, the ledger is looked at, everything has left the house."""
    session = db.session()
    while sweep.run(session, now):
        pass
    while penalties.run(session, now):
        pass
    with write() as inner:
        inner.execute(update(Outbox).values(state="sent", next_try_at=None, lease_until=None))
        inner.execute(update(Survey).values(remind_at=None, call_due_at=None))
        inner.execute(update(Audit).where(Audit.marked_at.is_(None)).values(marked_at=now, mark="true"))
        assert inner.scalar(select(PenaltyDue.ticket_id)) is None
        assert inner.scalar(select(Inbox.id).where(Inbox.state == "waiting")) is None


def freeze(cast: Cast, months: tuple[str, ...] = MONTHS) -> None:
    """The months are frozen, each on the tenth of the next one."""
    for month in months:
        year, number = int(month[:4]), int(month[5:])
        at = datetime(year + number // 12, number % 12 + 1, 10, 4, tzinfo=UTC)
        month_freeze.freeze(actor=cast["ccs-manager"], month=month, now=at)


def long_ago(cast: Cast, *codes: str, wait: timedelta = HOUR / 2) -> list[str]:
    """Tickets that ended, settled, sealed and frozen: nothing keeps them. `wait`: until the result. May be kept ones."""
    snapshots = current_app.extensions["test_snapshots"]
    play = partial(_long_ago, cast, *codes, wait=wait)
    kept = cast.begun == snapshots.written
    return list(snapshots.begin(("long ago", codes, wait), play)) if kept else play()


def _long_ago(cast: Cast, *codes: str, wait: timedelta) -> list[str]:
    numbers = [ended(cast, code, wait=wait) for code in codes or ("W1",)]
    settle()
    seals.run(AT + 6 * DAY, behind=-60)
    freeze(cast)
    return numbers


def run(**more: Any) -> archive.Done:
    return archive.run(months=KEEP, now=LATER, **more)


def rows_of(session: Any, number: str) -> dict[str, list[tuple[Any, ...]]]:
    """All working rows of a ticket as they are stored."""
    row = ticket(session, number)
    found = {}
    for name, rows in archive._rows(session, row.id).items():
        found[name] = [tuple(one.items()) for one in rows]
    session.rollback()
    return found


def held(session: Any, number: str) -> ArchivedTicket | None:
    session.rollback()
    own = select(ArchivedTicket).join(Ticket, Ticket.id == ArchivedTicket.ticket_id)
    return session.scalars(own.where(Ticket.number == number)).one_or_none()
