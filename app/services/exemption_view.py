"""The read side of exemptions: who sees which, the late clocks that may be asked for, a ticket's own. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, text, true
from sqlalchemy.orm import Session, aliased

from app.domain import exemptions as rule
from app.domain.errors import NotFound
from app.domain.roles import Actor
from app.models import Clock, ExemptedClock, Exemption, FreeText, Organisation, Ticket, User
from app.models.dialect import for_update
from app.models.ticket import LATE_RUNS
from app.services import exemption_scopes, exemptions
from app.services.scope import looked_up, visible_to

PAGE = 50
LATE_SHOWN = 100
LOOK_BACK = timedelta(days=62)  # an exemption is asked for in the month of the fact or the one after
STATES = ("asked", "granted", "refused", "revoked")


@dataclass(frozen=True)
class Row:
    """One exemption of the list; texts are empty for those who may not read tickets."""

    exemption: Exemption
    asker: str
    decider: str
    confirmer: str
    area: Organisation | None
    text: str
    numbers: tuple[tuple[str, str, int], ...]  # (ticket, clock, run), the first few


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Which exemptions a role sees: sites their own clocks', LCS the province's, CCS all, admin the system facts."""
    whole: dict[str, ColumnElement[bool]] = {"ccs": true(), "admin": Exemption.reason == rule.SYSTEM_FAULT}
    return whole[actor.desk] if actor.desk in whole else exemption_scopes.seen_by(actor)


def _listed_to(actor: Actor, state: str, below: int | None, most: int) -> ColumnElement[bool]:
    """The newest of them, in one state (empty: all) and below an id: at least `most`, if there are so many."""
    if actor.desk not in ("ccs", "admin"):
        return Exemption.id.in_(exemption_scopes.newest(actor, state, below, most))
    found = seen_by(actor) if below is None else and_(seen_by(actor), Exemption.id < below)
    return and_(found, Exemption.state == state) if state else found


def load(session: Session, actor: Actor, exemption_id: int, *, lock: bool = False) -> Exemption:
    """The exemption in the actor's scope. Raises NotFound."""
    statement: Any = select(Exemption).where(Exemption.id == exemption_id, seen_by(actor))
    if lock:
        statement = for_update(statement).execution_options(populate_existing=True)
    row = session.scalars(statement).one_or_none()
    if row is None:
        raise NotFound("exemption_not_found")
    return row


def count(session: Session, actor: Actor, state: str, below: int, most: int) -> int:
    """How many exemptions in one state (empty: all) lie below an id, at most `most`."""
    statement = select(Exemption.id).where(_listed_to(actor, state, below, most))
    return session.scalar(select(func.count()).select_from(statement.limit(most).subquery())) or 0


def page(session: Session, actor: Actor, state: str, before: int | None = None, limit: int = PAGE) -> list[Row]:
    """A page of exemptions in one state (empty: all), the newest first; one more than `limit` where there are more."""
    asker, judge, admin, area = aliased(User), aliased(User), aliased(User), aliased(Organisation)
    statement = (
        select(Exemption, asker.name, judge.name, admin.name, area, FreeText.body)
        .join(asker, asker.id == Exemption.asked_by_id)
        .outerjoin(judge, judge.id == Exemption.decided_by_id)
        .outerjoin(admin, admin.id == Exemption.system_confirmed_by_id)
        .outerjoin(area, area.id == Exemption.area_id)
        .outerjoin(FreeText, FreeText.id == Exemption.text_id)
        .where(_listed_to(actor, state, before, limit + 1))
        .order_by(Exemption.id.desc())
        .limit(limit + 1)
    )
    found = session.execute(statement).all()
    numbers = _numbers(session, actor, [row[0].id for row in found])
    return [
        Row(row, who, by or "", system or "", place, _text(actor, body), tuple(numbers.get(row.id, ())))
        for row, who, by, system, place, body in found
    ]


def _text(actor: Actor, body: Any) -> str:
    return str((body or {}).get("text", "")) if actor.can("queue") else ""


def _numbers(session: Session, actor: Actor, ids: list[int]) -> dict[int, list[tuple[str, str, int]]]:
    """The tickets behind each exemption, as far as the actor sees them; an administrator sees none."""
    statement = (
        select(ExemptedClock.exemption_id, Ticket.number, Clock.kind, Clock.run)
        .join(Ticket, Ticket.id == ExemptedClock.ticket_id)
        .join(Clock, Clock.id == ExemptedClock.clock_id)
        .join(Exemption, Exemption.id == ExemptedClock.exemption_id)
        .where(ExemptedClock.exemption_id.in_(ids), Exemption.area_id.is_(None))
        .where(looked_up(ExemptedClock.ticket_id, visible_to(actor)))
        .order_by(Ticket.id, Clock.id)
        .limit(max(PAGE, len(ids)) * LATE_SHOWN)
    )
    found: dict[int, list[tuple[str, str, int]]] = {}
    for exemption_id, number, kind, run in session.execute(statement):
        found.setdefault(exemption_id, []).append((number, kind, run))
    return found


def late(session: Session, actor: Actor, site: str, now: datetime) -> list[tuple[Clock, Ticket, Organisation]]:
    """Late runs that may be asked for, the latest first; `site` is a code, empty for all in scope.

    Cost: a piece of the index of late runs of a site, of a province, or of all, as long as what is shown.
    """
    statement = (
        select(Clock, Ticket, Organisation)
        .join(Ticket, Ticket.id == Clock.ticket_id)
        .join(Organisation, Organisation.id == Clock.organisation_id)
        .where(looked_up(Clock.ticket_id, visible_to(actor)), exemptions.askable(actor), _listed())
        .where(Clock.due_at >= now - LOOK_BACK, Clock.due_at <= now, Ticket.state != "withdrawn")
        .order_by(Clock.due_at.desc(), Clock.id.desc())
        .limit(LATE_SHOWN)
    )
    if site:
        named = select(Organisation.id).where(Organisation.code == site).scalar_subquery()
        statement = statement.where(Clock.organisation_id == named)
    return [(clock, ticket, place) for clock, ticket, place in session.execute(statement)]


def _listed() -> Any:
    """Says again what of a run is in `askable` and late, as the indexes of late runs say it, so that they are taken."""
    return text(LATE_RUNS)


def provinces(session: Session, actor: Actor) -> list[Organisation]:
    """The provinces that the actor may name."""
    statement = select(Organisation).where(Organisation.kind == "province").order_by(Organisation.code)
    if actor.desk != "ccs":
        statement = statement.where(Organisation.id == actor.province_id)
    return list(session.scalars(statement))
