"""The combined query of problem parcels: by waybill, courier, type, date, state and both sites. Select only.

A page costs the same however many there are: each scope has rows of its own, in the order of their opening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import Session, aliased

from app.domain.calendars import at_local
from app.domain.lifecycle import OPEN_STATES
from app.domain.roles import Actor
from app.models import FreeText, Organisation, ProblemRow, Ticket
from app.services.queue_scope import storable
from app.services.scope import one_by_one, visible_to, work_scope

PAGE = 50
TO_US, BY_US = "to_us", "by_us"
UNFINISHED, TO_HANDLE = "unfinished", "to_handle"
STATES = (UNFINISHED, TO_HANDLE, "open", "in_progress", "replied", "closed", "withdrawn")
AT_HAND = ("open", "in_progress")


@dataclass(frozen=True)
class Asked:
    """What is asked for; empty is any. `reporter` and `site` are codes of organisations, days are Shanghai's."""

    waybills: tuple[str, ...] = ()
    courier: str = ""
    type: str = ""
    state: str = ""
    side: str = ""
    reporter: str = ""
    site: str = ""
    since: date | None = None
    until: date | None = None
    after: str = field(default="", compare=False)


@dataclass(frozen=True)
class Line:
    """A problem parcel as the list shows it. Instants are UTC; `text` is what the reporter wrote."""

    ticket_id: int
    number: str
    waybill: str
    type: str
    state: str
    courier: str
    opened_at: datetime
    due_at: datetime | None
    overdue: bool
    reporter: tuple[str, str]
    site: tuple[str, str]
    text: str


@dataclass(frozen=True)
class Page:
    """Lines, the newest first, and the key of the next page ("" at the end)."""

    lines: tuple[Line, ...]
    after: str


def page(session: Session, actor: Actor, asked: Asked) -> Page:
    """One page of those in the actor's scope. Raises NotFound for a role without a queue."""
    statement = _selected(actor, asked).order_by(ProblemRow.opened_at.desc(), ProblemRow.ticket_id.desc())
    rows = session.execute(_behind(statement, asked.after).limit(PAGE + 1)).all()
    lines = tuple(_line(row) for row in rows[:PAGE])
    after = f"{lines[-1].opened_at.isoformat()}~{lines[-1].ticket_id}" if len(rows) > PAGE else ""
    return Page(lines, after)


def below(session: Session, actor: Actor, asked: Asked, before: int, limit: int) -> list[tuple[int, Line]]:
    """The same by falling id, for a file: those with an id below `before`, one more than `limit`."""
    statement = _selected(actor, asked).where(ProblemRow.ticket_id < before, Ticket.id < before)  # as in `queue.below`
    rows = session.execute(statement.order_by(ProblemRow.ticket_id.desc()).limit(limit + 1))
    return [(row.ticket_id, _line(row)) for row in rows]


def count(session: Session, actor: Actor, asked: Asked, before: int, most: int) -> int:
    """How many of them have an id below `before`, at most `most`."""
    rows = select(ProblemRow.ticket_id).join(Ticket, Ticket.id == ProblemRow.ticket_id)
    some = _narrowed(rows.where(ProblemRow.ticket_id < before), actor, asked).limit(most)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def numbers(session: Session, actor: Actor, asked: Asked, most: int) -> list[str]:
    """The numbers of the first `most`, the oldest first: what is handled in one go."""
    rows = _narrowed(select(Ticket.number).join(ProblemRow, ProblemRow.ticket_id == Ticket.id), actor, asked)
    return list(session.scalars(rows.order_by(ProblemRow.opened_at, ProblemRow.ticket_id).limit(most)))


def _selected(actor: Actor, asked: Asked) -> Select[Any]:
    reporter, site = aliased(Organisation), aliased(Organisation)
    statement: Any = (
        select(
            ProblemRow.ticket_id, Ticket.number, Ticket.waybill, ProblemRow.category, ProblemRow.state,
            ProblemRow.courier, ProblemRow.opened_at, Ticket.next_due_at, Ticket.overdue,
            reporter.name.label("from_name"), reporter.name_en.label("from_name_en"), site.name.label("to_name"),
            site.name_en.label("to_name_en"), FreeText.body,
        )
        .join(Ticket, Ticket.id == ProblemRow.ticket_id)
        .outerjoin(reporter, reporter.id == ProblemRow.reporter_id)
        .outerjoin(site, site.id == ProblemRow.site_id)
        .outerjoin(FreeText, FreeText.id == Ticket.headline_id)
    )  # fmt: skip
    return _narrowed(statement, actor, asked)


def _narrowed(statement: Select[Any], actor: Actor, asked: Asked) -> Select[Any]:
    seen = one_by_one(visible_to(actor))
    return statement.where(ProblemRow.scope == work_scope(actor), seen, *_conditions(actor, asked))


def _conditions(actor: Actor, asked: Asked) -> list[ColumnElement[bool]]:
    row, found = ProblemRow, list[ColumnElement[bool]]()
    if asked.waybills:
        found.append(Ticket.waybill.in_(asked.waybills))
    for column, value in ((row.courier, asked.courier), (row.category, asked.type)):
        if value:
            found.append(column == value)
    if asked.side and actor.desk == "site":
        found.append((row.site_id if asked.side == TO_US else row.reporter_id) == actor.organisation_id)
    for own, code in ((row.reporter_id, asked.reporter), (row.site_id, asked.site)):
        if code:
            found.append(own == select(Organisation.id).where(Organisation.code == code).scalar_subquery())
    return [*found, *_of_state(asked.state), *_of_days(asked.since, asked.until)]


def _of_state(state: str) -> list[ColumnElement[bool]]:
    several: dict[str, Sequence[str]] = {UNFINISHED: sorted(OPEN_STATES), TO_HANDLE: AT_HAND}
    if state in several:
        return [ProblemRow.state.in_(several[state])]
    return [ProblemRow.state == state] if state in STATES else []


def _of_days(since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    found = [ProblemRow.opened_at >= at_local(since, time(0))] if since else []
    if until:
        found.append(ProblemRow.opened_at < at_local(until + timedelta(days=1), time(0)))
    return found


def _behind(statement: Select[Any], after: str) -> Select[Any]:
    """The rows behind the last one of a page; `after` comes out of an address and may be anything."""
    try:
        at_text, id_text = after.split("~")
        at, ticket_id = datetime.fromisoformat(at_text), int(id_text)
    except ValueError:
        return statement
    if not storable(at) or abs(ticket_id) >= 2**63:
        return statement
    place = tuple_(ProblemRow.opened_at, ProblemRow.ticket_id)  # as a pair, which an index begins at
    return statement.where(place < tuple_(literal(at, ProblemRow.opened_at.type), literal(ticket_id)))


def _line(row: Any) -> Line:
    reporter, site = (row.from_name or "", row.from_name_en or ""), (row.to_name or "", row.to_name_en or "")
    first: list[Any] = list(row)[:9]
    return Line(*[*first, reporter, site, str((row.body or {}).get("text", ""))])
