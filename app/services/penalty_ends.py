"""How an entry ends without being charged: waived with a reason, or taken back by a line in the open month."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import penalties as rule
from app.domain.roles import SYSTEM, Actor
from app.models import Penalty, PenaltyContest, Ticket
from app.models.ids import new_id
from app.services import journal, months


def take_back(
    session: Session, ticket: Ticket, row: Penalty, reason: str, now: datetime, actor: Actor = SYSTEM
) -> None:
    """Waive an entry; one that a frozen month holds gets a line against it in the open month instead (rulebook 5).

    A contest that was still open has nothing left to decide. The caller holds the ticket's and the month's lock.
    """
    if row.state == rule.CONFIRMED and months.is_frozen(session, row.month):
        _correct(session, ticket, row, reason, now)
        return
    row.state, row.reason, row.settled_at = rule.WAIVED, reason, now
    data = {"penalty_id": row.id, "reason": reason, "absorbed_by": row.absorbed_by}
    journal.append(session, ticket, "penalty_waived", actor=actor, now=now, data=data)
    open_ones = select(PenaltyContest).where(PenaltyContest.penalty_id == row.id, PenaltyContest.state == "open")
    for contest in session.scalars(open_ones):
        contest.state, contest.decided_at = "dropped", now


def _correct(session: Session, ticket: Ticket, row: Penalty, reason: str, now: datetime) -> None:
    """The same amount and points with the opposite sign, charged to the open month; the old line stays as it is."""
    same = select(Penalty.occurrence).where(
        Penalty.ticket_id == ticket.id, Penalty.rule == row.rule, Penalty.organisation_id == row.organisation_id
    )
    name = rule.base_of(row.occurrence)
    n = sum(rule.base_of(one) == name for one in session.scalars(same)) + 1
    line = Penalty(
        id=new_id(), rule=row.rule, rule_version=row.rule_version, ticket_id=ticket.id,
        occurrence=f"{name}{rule.AGAIN}{n}", cause=row.cause, organisation_id=row.organisation_id,
        province_id=row.province_id, person_id=row.person_id, month=months.open_month(session, now), decided_at=now,
        full_fen=-row.full_fen, amount_fen=-row.amount_fen, base_fen=row.base_fen, room_fen=None, points=-row.points,
        absorbed_by="", state=rule.PROPOSED, reason=reason, event_ids=list(row.event_ids), ruled_by="system",
        corrects_id=row.id, created_at=now,
    )  # fmt: skip
    session.add(line)
    data = {
        "penalty_id": line.id, "rule": line.rule, "version": line.rule_version, "occurrence": line.occurrence,
        "organisation_id": line.organisation_id, "person_id": line.person_id, "month": line.month, "decided_at": now,
        "full_fen": line.full_fen, "amount_fen": line.amount_fen, "points": line.points, "absorbed_by": "",
        "event_ids": line.event_ids, "corrects_id": row.id, "reason": reason,
    }  # fmt: skip
    journal.append(session, ticket, "penalty_proposed", actor=SYSTEM, now=now, data=data)
