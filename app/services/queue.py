"""The read side of the work queue: one page of rows, the counters, the poll. Select only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import bands as day
from app.domain.lifecycle import on_top
from app.domain.roles import Actor
from app.models import (
    Category,
    Counter,
    FreeText,
    Organisation,
    PlatformOrder,
    Ticket,
    User,
    WorkItem,
    together,
)
from app.models.together import Question, Step
from app.services import scope, versions
from app.services.queue_filters import IN_BANDS as IN_BANDS
from app.services.queue_filters import OWNERS as OWNERS
from app.services.queue_filters import QUEUES as QUEUES
from app.services.queue_filters import SOON as SOON
from app.services.queue_filters import SORTS as SORTS
from app.services.queue_filters import Filters as Filters
from app.services.queue_filters import asking, at, ends_of, filtered, shape_of, values_of
from app.services.queue_filters import banded as banded
from app.services.queue_filters import conditions as conditions
from app.services.queue_filters import offered as offered
from app.services.queue_scope import HELPED, behind, beyond, storable, within
from app.services.scope import work_scope

PAGE = 50
SHAPES = 500  # kept questions: roles with the filters that they set
MOST = 100  # a band is counted no further
ASKED = frozenset({"to_answer", "to_rule"})  # queues of what is asked of one desk alone


class Row(NamedTuple):
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
    retreats: int = 0  # how often a platform sent an answer back
    raised: bool = False  # by an organisation of the house: no customer waits for the answer
    asked: str = ""  # the queue in which something is asked of this desk alone
    band: str = ""  # one of domain.bands.BANDS, by the time that orders the list


@dataclass(frozen=True)
class Page:
    """Rows and the key of the next page ("" at the end)."""

    rows: tuple[Row, ...]
    after: str


def page(session: Session, actor: Actor, filters: Filters, now: datetime) -> Page:
    """One keyset page of the actor's open work, at most 50 rows. Raises NotFound for a role without a queue."""
    found: Page = together.run(session, {"": page_step(actor, filters, now)})[""]
    return found


@lru_cache(SHAPES)
def _page(pattern: Actor, shape: Filters, further: bool) -> Question:
    """The rows in no order. The page is cut first and its lines told afterwards: PostgreSQL keeps a plan only where one
    for these very values would not be cheaper, which that of a long list would seem to be with all joins inside."""
    falling = shape.sort == "activity"
    key = WorkItem.activity_at if falling else WorkItem.due_at
    order = (key.desc(), WorkItem.ticket_id.desc()) if falling else (key, WorkItem.ticket_id)
    told = WorkItem.queue, WorkItem.due_at, WorkItem.overdue, key.label("place")

    def cut(items: Any) -> Any:
        items = asking(items, pattern, shape)
        return (beyond(items, key, falling=falling) if further else items).order_by(*order).limit(PAGE + 1)

    if shape.owner == HELPED:  # of several sites, which are few: alone, SQLite would look through everybody's items
        return Question(cut(columns().join(WorkItem, WorkItem.ticket_id == Ticket.id).add_columns(*told)))
    first = cut(select(WorkItem.ticket_id, *told)).subquery()
    lines = columns().join(first, first.c.ticket_id == Ticket.id)
    return Question(lines.add_columns(*(first.c[one] for one in ("queue", "due_at", "overdue", "place"))))


def page_step(actor: Actor, filters: Filters, now: datetime) -> Step[Page]:
    """`page` as a step of a web page."""
    filters = offered(actor.desk, filters)
    last_one = behind(filters.after)
    question = _page(scope.pattern(actor), shape_of(filters), bool(last_one))
    (found,) = yield (question(**values_of(actor, filters, now), **last_one),)
    found = sorted(found, key=lambda line: (line[-1], line[0]), reverse=filters.sort == "activity")
    more = len(found) > PAGE
    last = found[PAGE - 1] if more else None
    after = f"{last[-1].isoformat()}~{last[0]}" if last else ""
    rows = tuple(
        _asked(row_of(values, actor, day.band_of(values[-3], now)), *values[-4:-1]) for values in found[:PAGE]
    )  # fmt: skip
    return Page(rows, after)


def next_up(session: Session, actor: Actor, filters: Filters, now: datetime, *, but: str) -> str:
    """The most urgent ticket of that list that waits for this desk, other than `but`; "" where there is none."""
    statement = select(Ticket.number).join(WorkItem, WorkItem.ticket_id == Ticket.id)
    statement = statement.where(
        *within(actor, now, site=filters.site, owner=filters.owner), WorkItem.turn, Ticket.number != but
    )
    waiting = filtered(statement, actor, filters, now).order_by(WorkItem.due_at, WorkItem.ticket_id)
    return session.scalar(waiting.limit(1)) or ""


def by_band(session: Session, actor: Actor, filters: Filters, now: datetime) -> tuple[int, dict[str, int]]:
    """The version of the actor's scope, and how many tickets of the whole list lie in each band, counted up to 100:
    one statement. No counts for a list that is not divided."""
    found: tuple[int, dict[str, int]] = together.run(session, {"": by_band_step(actor, filters, now)})[""]
    return found


def by_band_step(actor: Actor, filters: Filters, now: datetime) -> Step[tuple[int, dict[str, int]]]:
    """`by_band` as a step of a web page."""
    question = _bands(scope.pattern(actor), shape_of(filters))
    ((found,),) = yield (question(**values_of(actor, filters, now)),)
    version, *counted = found if isinstance(found, tuple) else (found,)
    return version or 0, dict(zip(day.BANDS, counted, strict=False))


@lru_cache(SHAPES)
def _bands(pattern: Actor, shape: Filters) -> Question:
    return Question(select(_version(pattern), *(_band_counts(pattern, shape) if banded(shape) else {}).values()))


def _version(actor: Actor) -> Any:
    return versions.number(work_scope(actor))


def _band_counts(pattern: Actor, shape: Filters) -> dict[str, Any]:
    mine = asking(select(WorkItem.ticket_id, WorkItem.due_at), pattern, shape)
    counted, begin = {}, None
    for band, end in (*((band, at(band)) for band in day.BANDS[:-1]), (day.LATER, None)):
        counted[band] = _between(mine, begin, end)
        begin = end
    return counted


def _between(mine: Any, begin: Any, end: Any) -> Any:
    """How many of these items are due after one instant and up to another, counted up to MOST.

    In the index's order, or PostgreSQL reads the table for it; and the end is looked at afterwards: of a span whose
    ends it does not know it expects one row, and then takes any index of the scope to look through all items for it.
    """
    some = mine.where(WorkItem.due_at <= end) if begin is None else mine.where(WorkItem.due_at > begin)
    some = some.order_by(WorkItem.due_at).limit(MOST).subquery()
    found = select(func.count()).select_from(some)
    return (found if begin is None or end is None else found.where(some.c.due_at <= end)).scalar_subquery()


def below(session: Session, actor: Actor, filters: Filters, now: datetime, ticket_id: int, limit: int) -> list[Row]:
    """The actor's open work by falling ticket id below `ticket_id`: an order that no change of a ticket disturbs.

    One more than `limit` where there is more. Raises NotFound for a role without a queue.
    """
    statement = columns().join(WorkItem, WorkItem.ticket_id == Ticket.id)
    statement = statement.add_columns(WorkItem.queue, WorkItem.due_at, WorkItem.overdue)
    # of both tables, or PostgreSQL merges each page with all tickets from the newest one on
    statement = statement.where(*_below(actor, filters, now, ticket_id), Ticket.id < ticket_id)
    statement = filtered(statement, actor, filters, now)
    found = session.connection().execute(statement.order_by(WorkItem.ticket_id.desc()).limit(limit + 1))
    return [_asked(row_of(values[:-3], actor), *values[-3:]) for values in found]


def count_below(session: Session, actor: Actor, filters: Filters, now: datetime, ticket_id: int, most: int) -> int:
    """How many rows `below` has in all, at most `most`."""
    statement = select(WorkItem.ticket_id).where(*_below(actor, filters, now, ticket_id))
    statement = filtered(statement, actor, filters, now).limit(most)
    return session.scalar(select(func.count()).select_from(statement.subquery())) or 0


def _below(actor: Actor, filters: Filters, now: datetime, ticket_id: int) -> tuple[Any, ...]:
    return *within(actor, now, site=filters.site, owner=filters.owner), WorkItem.ticket_id < ticket_id


def counts(session: Session, actor: Actor, now: datetime) -> dict[str, int]:
    """The kept counters of the actor's scope; `due_soon` is counted up to 100."""
    found: dict[str, int] = together.run(session, {"": counts_step(actor, now)})[""]
    return found


@cache
def _counts(pattern: Actor) -> tuple[Question, Question]:
    scope_of = work_scope(pattern)
    mine = select(WorkItem.ticket_id, WorkItem.due_at).where(WorkItem.scope == scope_of, WorkItem.turn)
    kept = select(Counter.queue, Counter.n).where(Counter.scope == scope_of)
    return Question(kept), Question(select(_between(mine, at(day.LATE), at(day.SOON)).label("n")))


def counts_step(actor: Actor, now: datetime) -> Step[dict[str, int]]:
    """`counts` as a step of a web page."""
    kept, soon = _counts(scope.pattern(actor))
    rows, (n,) = yield kept(**scope.ids(actor)), soon(**scope.ids(actor), **ends_of(now))
    return {**{queue: max(0, counted) for queue, counted in rows}, "due_soon": n}


def unowned(session: Session, actor: Actor) -> int:
    """How many open tickets of the actor's scope nobody owns."""
    free = select(func.count()).where(WorkItem.scope == work_scope(actor), WorkItem.owner_id.is_(None))
    return session.scalar(free) or 0


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
    return together.ask(session, CATEGORIES())[0]


CATEGORIES = Question(select(Category).order_by(Category.position, Category.code))


def columns() -> Any:
    """What a row is made of: tickets with headline, site and owner, as `row_of` reads them."""
    sent_back = select(func.max(PlatformOrder.retreats)).where(PlatformOrder.ticket_id == Ticket.id).correlate(Ticket)
    return (
        select(
            Ticket.id, Ticket.number, Ticket.waybill, Ticket.category, Ticket.state, Ticket.next_due_at,
            Ticket.next_clock, Ticket.overdue, Ticket.repeat_count, Ticket.received_at, Ticket.activity_at,
            FreeText.body, Organisation.name, Organisation.name_en, User.name, Ticket.owner_id, Ticket.flags,
            sent_back.scalar_subquery(), Ticket.reporter_id.is_not(None),
        )
        .outerjoin(FreeText, FreeText.id == Ticket.headline_id)
        .outerjoin(Organisation, Organisation.id == Ticket.handling_site_id)
        .outerjoin(User, User.id == Ticket.owner_id)
    )  # fmt: skip


def row_of(values: Any, actor: Actor, band: str = "") -> Row:
    """A row out of one result of `columns`."""
    body: Mapping[str, Any] = values[11] or {}
    mine = values[15] is not None and values[15] == actor.user_id
    return Row._make((
        *values[:11], str(body.get("text", "")), values[12] or "", values[13] or "", "" if mine else values[14] or "",
        mine, on_top(values[16], values[4]), values[17] or 0, bool(values[18]), "", band,
    ))  # fmt: skip


def _asked(row: Row, queue: str, due_at: datetime, overdue: bool) -> Row:
    """The line as the desk sees it from which something is asked: with the time it has for that."""
    if queue not in ASKED:
        return row
    return row._replace(due_at=due_at, overdue=overdue, asked=queue)
