"""The read side of the work queue: one page of rows, the counters, the poll. Select only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnExpressionArgument, func, select
from sqlalchemy.orm import Session

from app.domain import bands as day
from app.domain.kinds import KINDS
from app.domain.lifecycle import on_top
from app.domain.roles import Actor
from app.models import Category, Counter, FreeText, Organisation, ScopeVersion, Ticket, User, WorkItem
from app.services import notices
from app.services.notices import Unread
from app.services.queue_scope import HELPED, beyond, storable, within
from app.services.scope import work_scope

PAGE = 50
SOON = day.AT_ONCE
IN_BANDS = frozenset(
    {"todo", "returned", "to_accept", "working", "appealed", "to_answer", "to_rule", "help", "tray", "urged"}
)
MOST = 100  # a band is counted no further
QUEUES = (
    "todo",
    "overdue",
    "due_soon",
    "returned",
    "urged",
    "to_answer",
    "to_rule",
    "help",
    "to_accept",
    "working",
    "waiting",
    "appealed",
    "replied",
    "tray",
    "all",
)
ASKED = frozenset({"to_answer", "to_rule"})  # queues of what is asked of one desk alone
SORTS = ("due", "activity")
OWNERS = ("", "mine", "unclaimed", HELPED)  # the team's, my own, nobody's; of the sites that one helps


@dataclass(frozen=True)
class Filters:
    """What the address asks for; every value is from an allow-list or a code."""

    queue: str = "todo"
    category: str = ""  # a code, or a kind: all of its categories
    sort: str = "due"
    owner: str = ""  # one of OWNERS
    site: str = ""  # the code of a site that a superior looks into
    after: str = ""  # "<iso instant>~<ticket id>" of the last row of the page before


@dataclass(frozen=True)
class Row:
    """One line of the list, personal data still unmasked: the web masks it."""

    ticket_id: int
    number: str
    waybill: str
    category: str
    state: str
    due_at: datetime | None
    next_clock: str
    overdue: bool
    repeat_count: int
    received_at: datetime
    activity_at: datetime
    content: str
    site_name: str
    site_name_en: str
    owner: str = ""  # empty where it is nobody's, or the reader's own
    mine: bool = False
    broken: bool = False  # a promise was not kept: that is why it stands on top
    asked: str = ""  # the queue in which something is asked of this desk alone
    band: str = ""  # one of domain.bands.BANDS, by the time that orders the list


@dataclass(frozen=True)
class Page:
    """Rows and the key of the next page ("" at the end)."""

    rows: tuple[Row, ...]
    after: str


def offered(desk: str, filters: Filters) -> Filters:
    """The filters as a desk may have them. The order of the last activity has one index: over all of the open work. A
    site's work is small enough to look through for everything else; a province's and the network's grow with the house.
    """
    plain = filters.queue == "all" and not filters.category and not filters.owner
    return filters if filters.sort == "due" or desk == "site" or plain else replace(filters, sort="due")


def page(session: Session, actor: Actor, filters: Filters, now: datetime) -> Page:
    """One keyset page of the actor's open work, at most 50 rows. Raises NotFound for a role without a queue."""
    filters = offered(actor.desk, filters)
    statement = columns().join(WorkItem, WorkItem.ticket_id == Ticket.id)
    statement = statement.add_columns(WorkItem.queue, WorkItem.due_at, WorkItem.overdue)
    statement = _filtered(statement.where(*_within(actor, filters, now)), actor, filters, now)
    key = WorkItem.due_at if filters.sort != "activity" else WorkItem.activity_at
    if filters.sort == "activity":
        statement = statement.order_by(key.desc(), WorkItem.ticket_id.desc())
    else:
        statement = statement.order_by(key, WorkItem.ticket_id)
    found = session.execute(
        beyond(statement, key, filters.after, falling=filters.sort == "activity").add_columns(key).limit(PAGE + 1)
    ).all()
    more = len(found) > PAGE
    last = found[PAGE - 1] if more else None
    after = f"{last[-1].isoformat()}~{last[0]}" if last else ""
    rows = tuple(
        _asked(_placed(row_of(values, actor), values[-3], now), *values[-4:-1]) for values in found[:PAGE]
    )  # fmt: skip
    return Page(rows, after)


def _placed(row: Row, due_at: datetime, now: datetime) -> Row:
    return replace(row, band=day.band_of(due_at, now))


def next_up(session: Session, actor: Actor, filters: Filters, now: datetime, *, but: str) -> str:
    """The most urgent ticket of that list that waits for this desk, other than `but`; "" where there is none."""
    statement = select(Ticket.number).join(WorkItem, WorkItem.ticket_id == Ticket.id)
    statement = statement.where(*_within(actor, filters, now), WorkItem.turn, Ticket.number != but)
    waiting = _filtered(statement, actor, filters, now).order_by(WorkItem.due_at, WorkItem.ticket_id)
    return session.scalar(waiting.limit(1)) or ""


def banded(filters: Filters) -> bool:
    """Whether the list is divided in bands: by time left, in a queue of what is to be done."""
    return filters.sort == "due" and filters.queue in IN_BANDS


def by_band(session: Session, actor: Actor, filters: Filters, now: datetime) -> tuple[int, dict[str, int]]:
    """The version of the actor's scope, and how many tickets of the whole list lie in each band, counted up to 100:
    one statement. No counts for a list that is not divided."""
    version_of = select(ScopeVersion.n).where(ScopeVersion.scope == work_scope(actor)).scalar_subquery()
    counted = _band_counts(actor, filters, now) if banded(filters) else {}
    found = session.execute(select(version_of, *counted.values())).one()
    return found[0] or 0, dict(zip(counted, found[1:], strict=True))


def _band_counts(actor: Actor, filters: Filters, now: datetime) -> dict[str, Any]:
    mine = _filtered(select(WorkItem.ticket_id).where(*_within(actor, filters, now)), actor, filters, now)
    counted, begin = {}, None
    for band, end in (*day.ends(now).items(), (day.LATER, None)):
        part = mine if begin is None else mine.where(WorkItem.due_at > begin)
        part = part if end is None else part.where(WorkItem.due_at <= end)
        some = part.order_by(WorkItem.due_at).limit(MOST)  # in the index's order, or PostgreSQL reads the table for it
        counted[band] = select(func.count()).select_from(some.subquery()).scalar_subquery()
        begin = end
    return counted


def below(session: Session, actor: Actor, filters: Filters, now: datetime, ticket_id: int, limit: int) -> list[Row]:
    """The actor's open work by falling ticket id below `ticket_id`: an order that no change of a ticket disturbs.

    One more than `limit` where there is more. Raises NotFound for a role without a queue.
    """
    statement = columns().join(WorkItem, WorkItem.ticket_id == Ticket.id)
    statement = statement.add_columns(WorkItem.queue, WorkItem.due_at, WorkItem.overdue)
    statement = _filtered(statement.where(*_below(actor, filters, now, ticket_id)), actor, filters, now)
    found = session.execute(statement.order_by(WorkItem.ticket_id.desc()).limit(limit + 1))
    return [_asked(row_of(values[:-3], actor), *values[-3:]) for values in found]


def count_below(session: Session, actor: Actor, filters: Filters, now: datetime, ticket_id: int, most: int) -> int:
    """How many rows `below` has in all, at most `most`."""
    statement = select(WorkItem.ticket_id).where(*_below(actor, filters, now, ticket_id))
    statement = _filtered(statement, actor, filters, now).limit(most)
    return session.scalar(select(func.count()).select_from(statement.subquery())) or 0


def _below(actor: Actor, filters: Filters, now: datetime, ticket_id: int) -> tuple[Any, ...]:
    return *_within(actor, filters, now), WorkItem.ticket_id < ticket_id


def _within(actor: Actor, filters: Filters, now: datetime) -> list[ColumnExpressionArgument[bool]]:
    return [*within(actor, now, site=filters.site, owner=filters.owner)]


def counts(session: Session, actor: Actor, now: datetime) -> dict[str, int]:
    """The kept counters of the actor's scope; `due_soon` is counted up to 100."""
    scope = work_scope(actor)
    rows = session.execute(select(Counter.queue, Counter.n).where(Counter.scope == scope))
    kept = {queue: max(0, n) for queue, n in rows}
    soon = (
        select(WorkItem.ticket_id)
        .where(WorkItem.scope == scope, WorkItem.turn, WorkItem.due_at > now, WorkItem.due_at <= now + SOON)
        .order_by(WorkItem.due_at)
    )
    kept["due_soon"] = session.scalar(select(func.count()).select_from(soon.limit(100).subquery())) or 0
    return kept


def unowned(session: Session, actor: Actor) -> int:
    """How many open tickets of the actor's scope nobody owns."""
    free = select(func.count()).where(WorkItem.scope == work_scope(actor), WorkItem.owner_id.is_(None))
    return session.scalar(free) or 0


def pulse(session: Session, actor: Actor) -> tuple[int, Unread]:
    """The number that grows with each change in the actor's scope, and the actor's unread notices: all that a poll
    looks at, in one statement."""
    version_of = select(ScopeVersion.n).where(ScopeVersion.scope == work_scope(actor)).scalar_subquery()
    found = session.execute(select(version_of, *notices.unread_columns(actor))).one()
    return found[0] or 0, notices.unread_of(found[1:])


def newer(session: Session, actor: Actor, since: datetime) -> int:
    """How many tickets reached the actor's turn after `since`, up to 100."""
    if not storable(since):
        return 0
    fresh = (
        select(WorkItem.ticket_id)
        .join(Ticket, Ticket.id == WorkItem.ticket_id)
        .where(WorkItem.scope == work_scope(actor), WorkItem.turn, WorkItem.activity_at > since)
        .where(Ticket.received_at > since)
        .limit(100)
    )
    return session.scalar(select(func.count()).select_from(fresh.subquery())) or 0


def categories(session: Session) -> list[Any]:
    """All categories in their order, with both labels."""
    return list(session.scalars(select(Category).order_by(Category.position, Category.code)))


def columns() -> Any:
    """What a row is made of: tickets with headline, site and owner, as `row_of` reads them."""
    return (
        select(
            Ticket.id, Ticket.number, Ticket.waybill, Ticket.category, Ticket.state, Ticket.next_due_at,
            Ticket.next_clock, Ticket.overdue, Ticket.repeat_count, Ticket.received_at, Ticket.activity_at,
            FreeText.body, Organisation.name, Organisation.name_en, User.name, Ticket.owner_id, Ticket.flags,
        )
        .outerjoin(FreeText, FreeText.id == Ticket.headline_id)
        .outerjoin(Organisation, Organisation.id == Ticket.handling_site_id)
        .outerjoin(User, User.id == Ticket.owner_id)
    )  # fmt: skip


def row_of(values: Any, actor: Actor) -> Row:
    """A row out of one result of `columns`."""
    body: Mapping[str, Any] = values[11] or {}
    mine = values[15] is not None and values[15] == actor.user_id
    words = [str(body.get("text", "")), values[12] or "", values[13] or "", "" if mine else values[14] or ""]
    return Row(*[*list(values)[:11], *words, mine, on_top(values[16], values[4])])


def _asked(row: Row, queue: str, due_at: datetime, overdue: bool) -> Row:
    """The line as the desk sees it from which something is asked: with the time it has for that."""
    if queue not in ASKED:
        return row
    return replace(row, due_at=due_at, overdue=overdue, asked=queue)


def _filtered(statement: Any, actor: Actor, filters: Filters, now: datetime) -> Any:
    queue = filters.queue if filters.queue in QUEUES else "todo"
    statement = statement.where(*conditions(queue, now))
    if filters.owner == "mine":
        statement = statement.where(WorkItem.owner_id == actor.user_id)
    elif filters.owner == "unclaimed":
        statement = statement.where(WorkItem.owner_id.is_(None))
    if not filters.category:
        return statement
    column = WorkItem.kind if filters.category in KINDS else WorkItem.category
    return statement.where(column == filters.category)


def conditions(queue: str, now: datetime) -> list[ColumnExpressionArgument[bool]]:
    """What a work item must be to lie in a queue."""
    if queue == "todo":
        return [WorkItem.turn]
    if queue == "overdue":
        return [WorkItem.overdue]
    if queue == "urged":
        return [WorkItem.urged]
    if queue == "due_soon":
        return [WorkItem.turn, WorkItem.due_at > now, WorkItem.due_at <= now + SOON]
    return [WorkItem.queue == queue] if queue != "all" else []
