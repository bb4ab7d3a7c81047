"""The two sites of a problem parcel are not of one mind: an answer was sent back, so either may go to arbitration.

The reporter is then a party like any other (rulebook 3.10): the LCS inside one province, else CCS, divides the duty.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import responsibility as rule
from app.domain.kinds import PROBLEM
from app.domain.roles import Actor
from app.models import PartyCase, Ticket
from app.models.ids import new_id
from app.services import cases, clocks


def disagree(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> None:
    """The reporter does not accept the answer: from now on either side may report it to arbitration."""
    if ticket.kind != PROBLEM or ticket.reporter_id is None or _case(session, ticket) is not None:
        return
    session.add(PartyCase(
        id=new_id(), ticket_id=ticket.id, organisation_id=ticket.reporter_id, state=rule.REJECTED, hop=1, added_at=now,
        added_by_id=actor.user_id, answered_at=now,
    ))  # fmt: skip
    cases.fold(session, ticket)


def agree(session: Session, ticket: Ticket, now: datetime) -> None:
    """The reporter accepts after all: nothing is left to rule on."""
    case = _case(session, ticket) if ticket.kind == PROBLEM else None
    if case is None or case.state not in rule.OPEN:
        return
    case.state, case.ruling_clock_id = rule.DROPPED, None
    clocks.void(session, ticket, ["ruling"], now)
    cases.fold(session, ticket)


def _case(session: Session, ticket: Ticket) -> PartyCase | None:
    own = select(PartyCase).where(PartyCase.ticket_id == ticket.id, PartyCase.organisation_id == ticket.reporter_id)
    return session.scalars(own).one_or_none()
