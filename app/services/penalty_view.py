"""The read side of the ledger: who sees which entries, the list of a month with its totals, one entry. Select only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, false, func, select, true
from sqlalchemy.orm import Session

from app.domain.contests import DESK_SPEAKS_FOR
from app.domain.errors import NotFound
from app.domain.penalties import fact_of
from app.domain.roles import Actor
from app.models import Incident, Organisation, Penalty, PenaltyContest, Ticket, User
from app.models.together import Question, Step
from app.services import scope

PAGE = 50
MOST = 200  # entries that are contested at once


@dataclass(frozen=True)
class Filters:
    """What the list shows: a month "YYYY-MM", and if named an organisation's code, a state, a rule, an incident."""

    month: str
    organisation: str = ""
    state: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Line:
    """An entry of the list with its ticket, whose it is, and the person's name if it is a person's."""

    penalty: Penalty
    number: str
    organisation: Organisation
    person: str


@dataclass(frozen=True)
class Sum:
    """How many entries of one state, in fen, and the points that go with them."""

    entries: int = 0
    fen: int = 0
    points: int = 0


def seen_by(actor: Actor, table: type[Penalty | PenaltyContest] = Penalty) -> ColumnElement[bool]:
    """The condition on `penalty`, or on the contests of entries: managers their own organisation's, LCS the province's,
    CCS all, others none."""
    if not actor.can("penalties"):
        return false()
    if actor.desk == "ccs":
        return true()
    if actor.desk == "lcs" and actor.province_id is not None:
        return table.province_id == actor.province_id
    if actor.desk == "site" and actor.organisation_id is not None:
        return table.organisation_id == actor.organisation_id
    return false()


def load(session: Session, actor: Actor, penalty_id: int) -> Line:
    """One entry in the actor's scope. Raises NotFound."""
    found = session.execute(_lines().where(Penalty.id == penalty_id, seen_by(actor))).one_or_none()
    if found is None:
        raise NotFound("penalty_not_found")
    return Line(*_named(found))


def page(session: Session, actor: Actor, asked: Filters, before: int | None = None, limit: int = PAGE) -> list[Line]:
    """A page of entries, the newest first; one more than `limit` where there are more."""
    statement = _lines().where(seen_by(actor), *_where(asked))
    if before is not None:
        statement = statement.where(Penalty.id < before)
    rows = session.execute(statement.order_by(Penalty.id.desc()).limit(limit + 1))
    return [Line(*_named(row)) for row in rows]


def count(session: Session, actor: Actor, asked: Filters, below: int, most: int) -> int:
    """How many entries lie below an id, at most `most`."""
    statement = select(Penalty.id).where(seen_by(actor), *_where(asked), Penalty.id < below)
    return session.scalar(select(func.count()).select_from(statement.limit(most).subquery())) or 0


def sums(session: Session, actor: Actor, asked: Filters) -> dict[str, Sum]:
    """The totals of the list by state, whatever state it shows."""
    statement = select(Penalty.state, func.count(), func.sum(Penalty.amount_fen), func.sum(Penalty.points))
    whole = Filters(asked.month, asked.organisation, "", asked.rule)
    rows = session.execute(statement.where(seen_by(actor), *_where(whole)).group_by(Penalty.state))
    return {state: Sum(n, int(fen), int(points)) for state, n, fen, points in rows}


@cache
def _of_ticket(pattern: Actor) -> Question:
    statement = select(Penalty, Organisation).join(Organisation, Organisation.id == Penalty.organisation_id)
    return Question(statement.where(Penalty.ticket_id == bindparam("ticket_id"), seen_by(pattern)).order_by(Penalty.id))


def of_ticket(ticket: Ticket, actor: Actor) -> Step[list[tuple[Penalty, Organisation]]]:
    """The entries of a ticket that the actor may see, in order; nothing is asked for who sees none."""
    if not actor.can("penalties"):
        return []
    (rows,) = yield (_of_ticket(scope.pattern(actor))(ticket_id=ticket.id, **scope.ids(actor)),)
    return rows


def contestable(session: Session, actor: Actor, month: str, incident: str = "") -> list[Line]:
    """Entries of a month that are to be charged, of one incident where it is named, the newest first, at most 200."""
    statement = _lines().where(seen_by(actor), Penalty.month == month, Penalty.state == "proposed")
    if actor.desk == "lcs":
        statement = statement.where(Organisation.kind.in_(DESK_SPEAKS_FOR))
    if incident:
        statement = statement.join(Incident, Incident.id == Ticket.incident_id).where(Incident.number == incident)
    rows = session.execute(statement.order_by(Penalty.id.desc()).limit(MOST))
    return [Line(*_named(row)) for row in rows]


def siblings(session: Session, row: Penalty) -> list[Penalty]:
    """The entries of the same fact: of the organisation and of its people, each as it is now."""
    same = select(Penalty).where(
        Penalty.ticket_id == row.ticket_id, Penalty.rule == row.rule, Penalty.organisation_id == row.organisation_id
    )
    found = session.scalars(same.order_by(Penalty.id).execution_options(populate_existing=True))
    return [one for one in found if fact_of(one.occurrence) == fact_of(row.occurrence) and one.state == row.state]


def _lines() -> Select[Any]:
    columns: tuple[Any, ...] = (Penalty, Ticket.number, Organisation, User.name)
    statement: Select[Any] = select(*columns)
    statement = statement.join(Ticket, Ticket.id == Penalty.ticket_id)
    statement = statement.join(Organisation, Organisation.id == Penalty.organisation_id)
    return statement.outerjoin(User, User.id == Penalty.person_id)


def _named(row: Any) -> tuple[Penalty, str, Organisation, str]:
    penalty, number, place, person = row
    return penalty, number, place, person or ""


def _where(asked: Filters) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Penalty.month == asked.month]
    if asked.organisation:
        place = select(Organisation.id).where(Organisation.code == asked.organisation).scalar_subquery()
        found.append(Penalty.organisation_id == place)
    if asked.state:
        found.append(Penalty.state == asked.state)
    if asked.rule:
        found.append(Penalty.rule == asked.rule)
    return found
