"""What an emergency changes on a ticket: its limits for life when opened in it, and whether its clocks stand still.

Never for the legal and the platform's own time (rulebook 4).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from app.models import Emergency, Pause, Ticket
from app.models.ids import new_id
from app.models.together import Question, ask
from app.services.transaction import kept

REASON = "emergency"


def in_force(at: Any) -> ColumnElement[bool]:
    """Periods that hold at an instant."""
    return and_(
        Emergency.from_at <= at, Emergency.until_at > at, or_(Emergency.ended_at.is_(None), Emergency.ended_at > at)
    )


def concerns(province_id: int | None) -> ColumnElement[bool]:
    """Periods of that province and of the network."""
    return or_(Emergency.province_id.is_(None), Emergency.province_id == province_id)


IN_FORCE = Question(
    select(Emergency)
    .where(or_(*(in_force(bindparam(at, type_=Emergency.from_at.type)) for at in ("opened_at", "present"))))
    .order_by(Emergency.province_id.is_(None), Emergency.id.desc())
)


def adopt(session: Session, ticket: Ticket, now: datetime) -> None:
    """On routing: the ticket keeps for its life the period in which it was opened, and stands still in one that does.

    The own province's period goes before the network's, the newer before the older one.
    """
    asked = IN_FORCE(opened_at=ticket.opened_at, present=now)
    found: list[Any] = kept(session, ("emergencies", ticket.opened_at, now), lambda: ask(session, asked)[0])
    rows = [row for row in found if row.province_id in (None, ticket.province_id)]
    opened_in = [row for row in rows if _holds(row, ticket.opened_at)]
    if ticket.emergency_id is None and opened_in:
        ticket.emergency_id = opened_in[0].id
    still = [row for row in rows if row.pauses and _holds(row, now)]
    if still and not ticket.standing_still:
        stand(session, ticket, max(_until(row) for row in still), now)
    elif ticket.standing_still and not still:
        _leave(session, ticket, now)


def stand(session: Session, ticket: Ticket, until: datetime, now: datetime) -> Pause:
    """Write down that the ticket's site clocks stand still; the caller pauses those that run."""
    pause = Pause(id=new_id(), ticket_id=ticket.id, reason=REASON, round=1, started_at=now, ends_at=until)
    session.add(pause)
    ticket.standing_still = True
    return pause


def _leave(session: Session, ticket: Ticket, now: datetime) -> None:
    """It has come to a place where nothing stands still: the pause of the old place ends with its stay there."""
    own = (Pause.ticket_id == ticket.id, Pause.reason == REASON, Pause.ended_at.is_(None))
    session.execute(update(Pause).where(*own).values(ended_at=now))
    ticket.standing_still = False


def holds_until(session: Session, province_id: int | None, at: datetime) -> datetime | None:
    """Until when the site clocks of a place stand still that do so at `at`; None where they run."""
    still = select(Emergency).where(in_force(at), Emergency.pauses.is_(True), concerns(province_id))
    return max((_until(row) for row in session.scalars(still)), default=None)


def over_at(session: Session, province_id: int | None, at: datetime, now: datetime) -> datetime:
    """When no period holds a place any more whose last one known ends at `at`: each that begins before that goes on."""
    while at <= now and (until := holds_until(session, province_id, at)) is not None:
        at = until
    return at


def stood_until(session: Session, ticket: Ticket, now: datetime) -> datetime:
    """Until when a ticket that stands still really did, whether or not somebody has looked since: `now` at the most."""
    own = (Pause.ticket_id == ticket.id, Pause.reason == REASON, Pause.ended_at.is_(None))
    ends_at = session.scalar(select(func.max(Pause.ends_at)).where(*own))
    return now if ends_at is None else min(now, over_at(session, ticket.province_id, ends_at, now))


def _holds(row: Any, at: datetime) -> bool:
    return row.from_at <= at < _until(row)


def _until(row: Any) -> datetime:
    return min(row.until_at, row.ended_at) if row.ended_at else row.until_at


def stated(session: Session, ticket: Ticket) -> dict[str, int]:
    """The minutes that the ticket's period puts in the place of the policy's; empty outside of any."""
    row = session.get(Emergency, ticket.emergency_id) if ticket.emergency_id else None
    return row.limits if row else {}
