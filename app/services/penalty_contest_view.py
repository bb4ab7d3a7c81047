"""The read side of contests: what waits for a desk, what became of an organisation's own, those of one entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.domain import contests as rule
from app.domain.penalties import fact_of
from app.domain.roles import Actor
from app.models import FreeText, Incident, Organisation, Penalty, PenaltyContest, Ticket, User
from app.services import penalty_view

PAGE = 50
BADGE = 100


@dataclass(frozen=True)
class Row:
    """A contest with its entry, its ticket's number, whose it is, who raised and decided it, and the two texts."""

    contest: PenaltyContest
    penalty: Penalty
    number: str
    organisation: Organisation
    raiser: str
    judge: str
    text: str
    decision: str
    incident: str


def waiting(session: Session, actor: Actor, incident: str = "", after: tuple[Any, int] | None = None) -> list[Row]:
    """Open contests before the actor's desk, due first; one more than PAGE where there are more."""
    statement = _rows().where(PenaltyContest.state == rule.OPEN, before_desk(actor))
    if incident:
        statement = statement.where(Incident.number == incident)
    if after:
        due, key = after
        later = (PenaltyContest.due_at == due) & (PenaltyContest.id > key)
        statement = statement.where(or_(PenaltyContest.due_at > due, later))
    return _read(session, statement.order_by(PenaltyContest.due_at, PenaltyContest.id).limit(PAGE + 1))


def of_scope(session: Session, actor: Actor, before: int | None = None) -> list[Row]:
    """Contests over entries in the actor's scope whatever became of them, the newest first."""
    statement = _rows().where(penalty_view.seen_by(actor, PenaltyContest))
    if before is not None:
        statement = statement.where(PenaltyContest.id < before)
    return _read(session, statement.order_by(PenaltyContest.id.desc()).limit(PAGE + 1))


def of_fact(session: Session, row: Penalty) -> list[Row]:
    """The contests of one entry or of another entry of its fact, in their order; the caller has checked the scope."""
    mine = _rows().where(
        PenaltyContest.ticket_id == row.ticket_id, Penalty.rule == row.rule,
        Penalty.organisation_id == row.organisation_id,
    )  # fmt: skip
    return [
        one for one in _read(session, mine.order_by(PenaltyContest.step, PenaltyContest.id))
        if fact_of(one.penalty.occurrence) == fact_of(row.occurrence)
    ]  # fmt: skip


def before_desk(actor: Actor) -> ColumnElement[bool]:
    """Contests on which the actor's desk decides: CCS its own and, behind them, nothing of the provinces."""
    court = actor.province_id if actor.desk == "lcs" else 0
    return PenaltyContest.court_id == court


def badge(actor: Actor) -> Any:
    """How many contests wait for the actor's desk, up to 100, as a scalar subquery for the menu."""
    ids = select(PenaltyContest.id).where(PenaltyContest.state == rule.OPEN, before_desk(actor))
    return select(func.count()).select_from(ids.limit(BADGE).subquery()).scalar_subquery()


def _rows() -> Select[Any]:
    raiser, judge, said, ruled = aliased(User), aliased(User), aliased(FreeText), aliased(FreeText)
    statement: Select[Any] = select(
        PenaltyContest, Penalty, Ticket.number, Organisation, raiser.name, judge.name, said.body, ruled.body,
        Incident.number,
    )  # fmt: skip
    return (
        statement.join(Penalty, Penalty.id == PenaltyContest.penalty_id)
        .join(Ticket, Ticket.id == PenaltyContest.ticket_id)
        .join(Organisation, Organisation.id == PenaltyContest.organisation_id)
        .join(raiser, raiser.id == PenaltyContest.raised_by_id)
        .outerjoin(judge, judge.id == PenaltyContest.decided_by_id)
        .outerjoin(said, said.id == PenaltyContest.text_id)
        .outerjoin(ruled, ruled.id == PenaltyContest.decision_text_id)
        .outerjoin(Incident, Incident.id == PenaltyContest.incident_id)
    )


def _read(session: Session, statement: Select[Any]) -> list[Row]:
    return [
        Row(contest, penalty, number, place, who, by or "", _text(said), _text(ruled), incident or "")
        for contest, penalty, number, place, who, by, said, ruled, incident in session.execute(statement)
    ]


def _text(body: Any) -> str:
    return str((body or {}).get("text", ""))
