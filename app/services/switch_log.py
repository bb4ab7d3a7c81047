"""Who took a shared PC over by PIN, and which tries were refused (rulebook 1): read only, within the reader's area."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func, literal_column, select, true
from sqlalchemy.orm import Session, aliased

from app.domain.errors import NotAllowed
from app.domain.roles import Actor
from app.models import Organisation, SwitchLog, User

PAGE = 50
OUTCOMES = ("switched", "refused")
_To, _From = aliased(User), aliased(User)


@dataclass(frozen=True)
class Filters:
    """An outcome of OUTCOMES and an organisation's code; empty for all."""

    outcome: str = ""
    organisation: str = ""


@dataclass(frozen=True)
class Line:
    """One try: who wanted the PC, from whom, which browser (`device`, its id), where, and how it ended: switched,
    wrong, early (before the wait was over) or locked."""

    at: datetime
    outcome: str
    device: int
    to: User
    before: User
    house: Organisation


def page(
    session: Session, actor: Actor, asked: Filters, before: int | None = None, limit: int = PAGE
) -> list[tuple[int, Line]]:
    """Tries of the actor's area with their ids, the newest first; one more than `limit` where there are more.

    Raises NotAllowed.
    """
    entities: tuple[Any, ...] = (SwitchLog, _To, _From, Organisation)
    # outer joins: the log leads, by its id, and no engine begins with the few people and sorts
    statement: Any = (
        select(*entities)
        .outerjoin(_To, _To.id == SwitchLog.to_id)
        .outerjoin(_From, _From.id == SwitchLog.from_id)
        .outerjoin(Organisation, Organisation.id == SwitchLog.organisation_id)
        .where(_area(actor), *_where(asked))
    )
    if before is not None:
        statement = statement.where(SwitchLog.id < before)
    rows = session.execute(statement.order_by(SwitchLog.id.desc()).limit(limit + 1))
    return [(row.id, Line(row.at, row.outcome, row.device_id, to, left, house)) for row, to, left, house in rows]


def count(session: Session, actor: Actor, asked: Filters, below: int, most: int) -> int:
    """How many tries lie below an id, at most `most`. Raises NotAllowed."""
    statement = select(SwitchLog.id).where(_area(actor), *_where(asked), SwitchLog.id < below)
    return session.scalar(select(func.count()).select_from(statement.limit(most).subquery())) or 0


def _area(actor: Actor) -> ColumnElement[bool]:
    """Managers of a site see their own house, of a province its houses and its own desk, headquarters and the
    administration all; nobody else any."""
    if not actor.can("switches"):
        raise NotAllowed("not_allowed")
    if actor.desk in ("ccs", "admin"):
        return true()
    if actor.desk == "lcs" and actor.province_id is not None:
        return SwitchLog.province_id == actor.province_id
    if actor.desk == "site" and actor.organisation_id is not None:
        return SwitchLog.organisation_id == actor.organisation_id
    return false()


def _where(asked: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.organisation:
        place = select(Organisation.id).where(Organisation.code == asked.organisation).scalar_subquery()
        found.append(SwitchLog.organisation_id == place)
    switched: Any = literal_column("'switched'")  # spelled as in the index, so that the engines recognise it
    if asked.outcome:
        found.append(SwitchLog.outcome == switched if asked.outcome == "switched" else SwitchLog.outcome != switched)
    return found
