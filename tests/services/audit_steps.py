"""Steps that the tests of audits and ratings share."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.models import Audit, Ticket
from app.services import audit_draws, audits, replies
from app.services.audits import Verdict
from app.services.replies import ResultIn
from tests.cast import NOON, Cast, post, push

DAY = date(2026, 11, 19)  # the draw of the day after NOON
MORNING = NOON + timedelta(hours=20)  # 08:00 of that day in Shanghai
TRUE = Verdict("true")
UNTRUE = Verdict("untruthful", "not_called", "客户说没有人联系过")


def answered(
    cast: Cast, code: str = "W1", *, who: str = "site", text: str = "", now: datetime = NOON, **how: Any
) -> str:
    """A pushed complaint that was claimed in time and answered half an hour later; the ticket's number."""
    site = {"site": "330106-01", "site-2": "330108-01", "site-3": "440305-01"}[who]
    number = push(cast, code, site=site, now=now, text=f"投诉 {code}")
    replies.claim(actor=cast[who], post=post(number), now=now)
    said = ResultIn(text or f"第{_letters(code)}件已向客户说明", "reached_accepts", **how)
    replies.result(actor=cast[who], post=post(number), answer=said, now=now + timedelta(minutes=30))
    return number


def _letters(code: str) -> str:
    """A word of its own for each code: digits alone make no other text."""
    return "".join(chr(0x4E00 + 7 * int(char)) for char in code if char.isdigit())


def draw(session: Any, day: date = DAY, now: datetime = MORNING, seed: str = "ab" * 16) -> int:
    """Both draws of a day."""
    return sum(audit_draws.draw(session, job, day, now, seed) for job in ("sample", "recheck"))


def drawn(session: Any, reason: str = "") -> list[Audit]:
    """The audits as they are now."""
    session.rollback()
    statement = select(Audit).order_by(Audit.id)
    return list(session.scalars(statement.where(Audit.reason == reason) if reason else statement))


def audit_of(session: Any, number: str) -> Audit:
    """The one audit of a ticket that is no re-check."""
    session.rollback()
    statement = select(Audit).join(Ticket, Ticket.id == Audit.ticket_id).where(Ticket.number == number)
    return session.scalars(statement.where(Audit.reason != "recheck")).one()


def mark(cast: Cast, audit: Audit | int, verdict: Verdict = TRUE, who: str = "lcs", now: datetime = MORNING) -> int:
    """Mark an audit."""
    audit_id = audit if isinstance(audit, int) else audit.id
    return audits.mark(actor=cast[who], audit_id=audit_id, verdict=verdict, now=now)
