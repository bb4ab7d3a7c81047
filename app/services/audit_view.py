"""The read side of audits: the desk's list and head, what was marked, agreement and coverage. Select only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, func, select, true, union_all
from sqlalchemy.orm import Session, aliased

from app.domain import audits as rule
from app.domain.audit_sample import RECHECK, SAMPLE
from app.domain.calendars import day_bounds, local_date, month_bounds
from app.domain.errors import NotFound
from app.domain.lifecycle import WITHDRAWN
from app.domain.roles import Actor
from app.models import Audit, Category, FreeText, Organisation, Party, Ticket
from app.models.together import Question, Step
from app.services import audit_leases, audit_pool, scope

LISTED, PAGE = 60, 50
MOST = 100  # waiting audits are counted no further
NETWORK = 0  # among the ids of provinces: what belongs to none


@dataclass(frozen=True)
class Head:
    """How the desk stands: waiting and of these flagged or appealed, both up to MOST, and marked by the actor today."""

    waiting: int
    first: int
    mine_today: int


@dataclass(frozen=True)
class Line:
    """An audit with what a list shows of it; texts unmasked. Nobody's name is in it."""

    audit: Audit
    number: str
    category: Category | None
    site: Organisation | None
    words: str


@dataclass
class Agreement:
    """A province's month: results given, audits drawn and marked, by mark, re-checks marked and those that agreed."""

    province: Organisation | None
    results: int = 0
    drawn: int = 0
    marks: dict[str, int] = field(default_factory=lambda: dict.fromkeys(rule.MARKS, 0))
    rechecks: int = 0
    agreed: int = 0

    @property
    def marked(self) -> int:
        """Audits of the province that are marked."""
        return sum(self.marks.values())


def head(session: Session, actor: Actor, now: datetime) -> Head:
    """The numbers on top of the desk; what waits is counted up to MOST."""
    first = Audit.reason.not_in((SAMPLE, RECHECK)).label("first")
    some = select(first).where(audit_leases.open_to(actor)).order_by(*audit_leases.in_order()).limit(MOST).subquery()
    flagged = func.coalesce(func.sum(case((some.c.first, 1), else_=0)), 0)
    day, _end = day_bounds(now)
    mine = select(func.count()).where(Audit.marked_by_id == actor.user_id, Audit.marked_at >= day)
    counted = select(func.count(), flagged, mine.scalar_subquery()).select_from(some)
    waiting, urgent, marked = session.execute(counted).one()
    return Head(int(waiting), int(urgent), int(marked))


def lines(session: Session, actor: Actor) -> list[Line]:
    """What waits at the actor's desk, in the order in which it is taken."""
    found = _lines(FreeText.id == Ticket.headline_id).where(audit_leases.open_to(actor))
    return [_line(row) for row in session.execute(found.order_by(*audit_leases.in_order()).limit(LISTED))]


def waiting(session: Session, actor: Actor, audit_id: int) -> Line:
    """One audit of the actor's desk, marked ones left out. Raises NotFound."""
    found = _lines(FreeText.id == Ticket.headline_id).where(Audit.id == audit_id, audit_leases.open_to(actor))
    row = session.execute(found).one_or_none()
    if row is None:
        raise NotFound("audit_not_found")
    return _line(row)


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Which marked audits a role sees: a site its own, the LCS its province's, CCS all with the re-checks. Whoever got
    the ticket later sees none of what came before."""
    marked = Audit.marked_at.is_not(None)
    if actor.desk == "ccs":
        return marked
    own = Audit.site_id == actor.organisation_id if actor.desk == "site" else Audit.province_id == actor.province_id
    return and_(marked, own, Audit.reason != RECHECK)


def page(session: Session, actor: Actor, mark: str, before: int | None = None, limit: int = PAGE) -> list[Line]:
    """A page of marked audits in scope with the auditor's words, newest draw first; one more where there are more."""
    found = _lines(FreeText.id == Audit.text_id).where(*_marked(actor, mark, before, limit + 1))
    return [_line(row) for row in session.execute(found.order_by(Audit.id.desc()).limit(limit + 1))]


def count(session: Session, actor: Actor, mark: str, below: int, most: int) -> int:
    """How many there are below an id, at most `most`."""
    found = select(Audit.id).where(*_marked(actor, mark, below, most)).limit(most)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def load(session: Session, actor: Actor, audit_id: int) -> Line:
    """One marked audit in scope. Raises NotFound."""
    row = session.execute(
        _lines(FreeText.id == Audit.text_id).where(Audit.id == audit_id, seen_by(actor))
    ).one_or_none()
    if row is None:
        raise NotFound("audit_not_found")
    return _line(row)


@cache
def _of_ticket(pattern: Actor) -> Question:
    return Question(
        select(Audit, FreeText.body)
        .outerjoin(FreeText, FreeText.id == Audit.text_id)
        .where(Audit.ticket_id == bindparam("ticket_id"), seen_by(pattern), Audit.reason != RECHECK)
        .order_by(Audit.id)
    )


def of_ticket(ticket: Ticket, actor: Actor) -> Step[list[tuple[Audit, str]]]:
    """The marked audits of one ticket that the actor's list has, with the auditor's words, for its page; nothing is
    asked without a result."""
    if ticket.result_at is None and ticket.state != WITHDRAWN:
        return []
    (rows,) = yield (_of_ticket(scope.pattern(actor))(ticket_id=ticket.id, **scope.ids(actor)),)
    return [(audit, str((body or {}).get("text", ""))) for audit, body in rows]


def agreement(session: Session, actor: Actor, month: str) -> list[Agreement]:
    """Coverage and agreement of the provinces in scope in a Shanghai month "YYYY-MM", by the day before the draw."""
    start, end = month_bounds(month)
    days = (Audit.day > local_date(start), Audit.day <= local_date(end))
    found: dict[int, Agreement] = {}
    _count_results(session, actor, start, end, found)
    rows = select(Audit.province_id, Audit.first_mark, func.count()).where(
        *days, _of_province(actor, Audit.province_id)
    )
    for place, mark, n in session.execute(
        rows.where(Audit.reason != RECHECK).group_by(Audit.province_id, Audit.first_mark)
    ):
        line = found.setdefault(place or NETWORK, Agreement(None))
        line.drawn += n
        if mark:
            line.marks[mark] += n
    first = aliased(Audit)
    same = func.sum(case((first.first_mark == Audit.first_mark, 1), else_=0))
    pairs = select(Audit.province_id, func.count(), same).join(first, first.result_event_id == Audit.result_event_id)
    pairs = pairs.where(*days, Audit.reason == RECHECK, first.reason != RECHECK, Audit.first_mark != "")
    for place, n, agreed in session.execute(
        pairs.where(_of_province(actor, Audit.province_id)).group_by(Audit.province_id)
    ):
        line = found.setdefault(place or NETWORK, Agreement(None))
        line.rechecks, line.agreed = int(n), int(agreed or 0)
    return _named(session, found)


def _count_results(session: Session, actor: Actor, start: datetime, end: datetime, found: dict[int, Agreement]) -> None:
    """By the province under which each site had its ticket, as the draw has it."""
    had = and_(Party.ticket_id == Ticket.id, Party.organisation_id == Organisation.id)
    place: Any = case((Party.ticket_id.is_not(None), Party.province_id), else_=Organisation.province_id)
    statement = audit_pool.given_in(start, end, place, func.count()).outerjoin(Party, had)
    statement = statement.where(_of_province(actor, place)).group_by(place)
    for province_id, n in session.execute(statement):
        found.setdefault(province_id or NETWORK, Agreement(None)).results = int(n)


def _named(session: Session, found: dict[int, Agreement]) -> list[Agreement]:
    places = {row.id: row for row in session.scalars(select(Organisation).where(Organisation.id.in_(found)))}
    for place, line in found.items():
        line.province = places.get(place)
    return sorted(found.values(), key=lambda line: line.province.code if line.province else "")


def _of_province(actor: Actor, column: Any) -> ColumnElement[bool]:
    return true() if actor.desk == "ccs" else column == actor.province_id


def _marked(actor: Actor, mark: str, below: int | None, most: int) -> list[ColumnElement[bool]]:
    """The marked ones in scope with a mark (others: any) and below an id: at least the newest `most`, if there are so
    many. Of all marks headquarters gets a piece of each mark's index: between the newest lie those that wait."""
    seen = [seen_by(actor)] if below is None else [seen_by(actor), Audit.id < below]
    if mark in rule.MARKS:
        return [*seen, Audit.mark == mark]
    if actor.desk != "ccs":
        return seen
    pieces = []
    for one in rule.MARKS:
        piece = select(Audit.id).where(*seen, Audit.mark == one).order_by(Audit.id.desc()).limit(most).subquery()
        pieces.append(select(piece.c.id))
    newest = union_all(*pieces).subquery()
    return [*seen, Audit.id.in_(select(newest.c.id))]


def _lines(words: ColumnElement[bool]) -> Any:
    return (
        select(Audit, Ticket.number, Category, Organisation, FreeText.body)
        .join(Ticket, Ticket.id == Audit.ticket_id)
        .outerjoin(Category, Category.code == Ticket.category)
        .outerjoin(Organisation, Organisation.id == Audit.site_id)
        .outerjoin(FreeText, words)
    )


def _line(row: Any) -> Line:
    audit, number, category, site, body = row
    return Line(audit, number, category, site, str((body or {}).get("text", "")))
