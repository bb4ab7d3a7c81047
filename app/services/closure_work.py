"""Lets deputies act on the open tickets of a site that is closed, and gives them back afterwards (rulebook 1, 7.11).

The site's clocks keep running: it stays answerable, and what its deputy does counts as its own. Each ticket is a short
transaction that looks again, so a crash or a second scheduler does no harm; a day is claimed once it is done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.domain.calendars import local_date
from app.domain.lifecycle import OPEN_STATES
from app.domain.roles import SYSTEM
from app.models import Claim, Closure, Event, Organisation, Ticket, entries
from app.models.dialect import insert_ignoring
from app.services import acting, cases, closures, desk, journal, moves
from app.services.transaction import write

log = logging.getLogger(__name__)
END = "closure_over"
HANDS = ("acting_started", "acting_stopped", "deputy_acts")
Change = Callable[[Session, Ticket, Closure, datetime], bool]


def run(session: Session, now: datetime) -> int:
    """Today's closures and those that are over; how many tickets changed hands."""
    today, changed = local_date(now), 0
    for closure in _unclaimed(session, closures.BEGIN, _holds(now), f"{today}"):
        changed += _begin(closure, now)
    for closure in _unclaimed(session, END, ~_holds(now) & (Closure.from_day <= today), ""):
        changed += _end(closure, now)
        _claim(END, f"{closure}:", now)
    return changed


def _holds(now: datetime) -> ColumnElement[bool]:
    today = local_date(now)
    open_end = or_(Closure.until_day.is_(None), Closure.until_day >= today)
    return (Closure.from_day <= today) & Closure.ended_at.is_(None) & open_end


def _unclaimed(session: Session, job: str, which: ColumnElement[bool], period: str) -> list[int]:
    """The closures of this sort that nobody has done yet; the read transaction is over when this returns."""
    claims = select(Claim.period).where(Claim.job == job, Claim.period.endswith(f":{period}", autoescape=True))
    done = {row.removesuffix(f":{period}") for row in session.scalars(claims)}
    found = [
        id_ for id_ in session.scalars(select(Closure.id).where(which).order_by(Closure.id)) if str(id_) not in done
    ]
    session.rollback()
    return found


def _claim(job: str, period: str, now: datetime) -> None:
    with write() as session:
        _claimed(session, job, period, now)


def _claimed(session: Session, job: str, period: str, now: datetime) -> None:
    session.execute(insert_ignoring(session, Claim).values(job=job, period=period, claimed_at=now))


def _begin(closure_id: int, now: datetime) -> int:
    """Today's work is claimed where the deputy is still the one that it was done with."""
    with write() as session:
        closure = session.get_one(Closure, closure_id)
        deputy_id = closure.deputy_id
        open_ones = select(Ticket.id).where(
            Ticket.handling_site_id == closure.organisation_id, Ticket.state.in_(OPEN_STATES)
        )
        ids = list(session.scalars(open_ones.order_by(Ticket.id)))
    changed = sum(_each(_stand_in, ticket_id, closure_id, now) for ticket_id in ids)
    with write() as session:
        if session.get_one(Closure, closure_id, populate_existing=True).deputy_id == deputy_id:
            _claimed(session, closures.BEGIN, closures.day_of(closure_id, now), now)
    return changed


def _end(closure_id: int, now: datetime) -> int:
    with write() as session:
        closure = session.get_one(Closure, closure_id)
        if closure.organisation_id in closures.closed_today(session, now):
            return 0
        acted = select(Ticket.id).where(
            Ticket.handling_site_id == closure.organisation_id, Ticket.state.in_(OPEN_STATES),
            Ticket.acting_id.is_not(None),
        )  # fmt: skip
        ids = list(session.scalars(acted.order_by(Ticket.id)))
    return sum(_each(_come_back, ticket_id, closure_id, now) for ticket_id in ids)


def _each(change: Change, ticket_id: int, closure_id: int, now: datetime) -> int:
    """One ticket in a transaction of its own; one that cannot be changed stops nobody."""
    try:
        with write() as session:
            ticket = moves.locked_ticket(session, ticket_id)
            return int(change(session, ticket, session.get_one(Closure, closure_id), now))
    except Exception:
        log.exception("closure %s: ticket %s left as it is", closure_id, ticket_id)
        return 0


def _stand_in(session: Session, ticket: Ticket, closure: Closure, now: datetime) -> bool:
    """The deputy acts; where there is none that is open, the province does. A former deputy's hand ends with it."""
    if ticket.handling_site_id != closure.organisation_id:
        return False
    stand_in = _who(session, ticket, closure, now)
    if stand_in is None or stand_in.id == ticket.acting_id:
        return False
    if ticket.acting_id is not None:
        if not _began_here(session, ticket, closure):
            return False
        asked = ticket.help_asked_at
        acting.give_back(session, ticket, SYSTEM, now)
        ticket.help_asked_at = asked
    ticket.acting_id, ticket.acting_counts = stand_in.id, True
    if stand_in.kind != "province":
        cases.admit(session, ticket, stand_in, "deputy", now)
    data = {
        "site_id": closure.organisation_id, "organisation_id": stand_in.id, "organisation_code": stand_in.code,
        "closure_id": closure.id,
    }  # fmt: skip
    event = journal.append(session, ticket, "deputy_acts", actor=SYSTEM, now=now, data=data)
    desk.finish(session, ticket, event, now)
    return True


def _who(session: Session, ticket: Ticket, closure: Closure, now: datetime) -> Organisation | None:
    site = session.get_one(Organisation, closure.organisation_id)
    deputy_id = closure.deputy_id or site.deputy_id
    deputy = session.get(Organisation, deputy_id) if deputy_id else None
    if deputy is not None and not closures.is_closed(deputy, closures.closed_today(session, now), now):
        return deputy
    return session.get(Organisation, ticket.province_id) if ticket.province_id else None


def _come_back(session: Session, ticket: Ticket, closure: Closure, now: datetime) -> bool:
    """Back to the site, unless somebody acts who did not begin because of this closure."""
    if ticket.acting_id is None or ticket.handling_site_id != closure.organisation_id:
        return False
    if not _began_here(session, ticket, closure):
        return False
    event = acting.give_back(session, ticket, SYSTEM, now)
    desk.finish(session, ticket, event, now)
    return True


def _began_here(session: Session, ticket: Ticket, closure: Closure) -> bool:
    """Whether whoever acts does so because of this closure."""
    hands = select(Event).where(entries.of_ticket(ticket.id), Event.type.in_(HANDS)).order_by(Event.seq.desc())
    last = session.scalars(hands.limit(1)).first()
    return last is not None and last.data.get("closure_id") == closure.id
