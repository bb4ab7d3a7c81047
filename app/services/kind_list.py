"""The list of one kind of ticket, ended ones too: by type, state, time, the parcel's promise and our own clock.

A span of days bounds it, and each desk reads its own index, newest first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, text, tuple_
from sqlalchemy.orm import Session, aliased

from app.domain.calendars import at_local, local_date
from app.domain.delivery_promise import INSIDE, OUTSIDE
from app.domain.errors import NotFound
from app.domain.kinds import EXPEDITE, INQUIRY
from app.domain.lifecycle import AT_WORK, CLOSED, REPLIED
from app.domain.roles import Actor
from app.models import Clock, FreeText, InquiryRow, Organisation, Ticket, User
from app.models.ticket import OTHER_KINDS
from app.services.queue_scope import storable
from app.services.scope import visible_to, work_scope

PAGE = 50
LISTED = (EXPEDITE, INQUIRY)
MOST_DAYS, USUAL_DAYS = 31, 7
STATES = {"at_work": tuple(AT_WORK), REPLIED: (REPLIED,), CLOSED: (CLOSED,)}
PROMISES = (INSIDE, OUTSIDE)
LATE = "late"
DUE = ("first_reply", "resolve")


@dataclass(frozen=True)
class Filters:
    """What the address asks for. `first` and `last` are days of opening in Shanghai, both included."""

    kind: str
    first: date
    last: date
    category: str = ""
    state: str = ""  # one of STATES
    promise: str = ""  # one of PROMISES
    clock: str = ""  # LATE: ours is, or was
    after: str = ""


@dataclass(frozen=True)
class Row:
    """One line, free text unmasked: the web masks it. `times` is how often somebody asked."""

    ticket_id: int
    number: str
    waybill: str
    category: str
    state: str
    promise: str
    times: int
    opened_at: datetime
    closed_at: datetime | None
    channel: str
    late: bool
    content: str
    site: Organisation | None
    reporter: Organisation | None
    owner: str


def filters(kind: str, given: dict[str, str], now: datetime) -> Filters:
    """An address's filters through the allow-lists; a span longer than a month ends a month after its first day.

    Raises NotFound for a kind without such a list.
    """
    if kind not in LISTED:
        raise NotFound("no_such_list")
    today = local_date(now)
    last = _day(given.get("last", "")) or today
    first = _day(given.get("first", "")) or last - timedelta(days=USUAL_DAYS - 1)
    if first > last:
        first, last = last, first
    last = min(last, first + timedelta(days=MOST_DAYS - 1))
    return Filters(
        kind=kind, first=first, last=last, category=given.get("category", "")[:24],
        state=given.get("state", "") if given.get("state") in STATES else "",
        promise=given.get("promise", "") if kind == EXPEDITE and given.get("promise") in PROMISES else "",
        clock=LATE if given.get("clock") == LATE else "", after=given.get("after", "")[:80],
    )  # fmt: skip


def page(session: Session, actor: Actor, asked: Filters, now: datetime) -> tuple[list[Row], str]:
    """One keyset page, the newest first, and the key of the next ("" at the end)."""
    statement, (opened, row_id) = _columns(now).where(*_wanted(actor, asked, now)), _key(actor, asked.kind)
    if (mark := _mark(asked.after)) is not None:
        at, ticket_id = mark
        # as a pair, which an index begins at
        statement = statement.where(tuple_(opened, row_id) < tuple_(literal(at, opened.type), literal(ticket_id)))
    ordered = statement.order_by(opened.desc(), row_id.desc()).limit(PAGE + 1)
    rows = [Row(*values) for values in session.execute(ordered)]
    more = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], f"{more.opened_at.isoformat()}~{more.ticket_id}" if more else ""


def below(session: Session, actor: Actor, asked: Filters, now: datetime, ticket_id: int, limit: int) -> list[Row]:
    """The list by falling ticket id, for its file; one more than `limit` where there is more."""
    statement = _columns(now).where(*_wanted(actor, asked, now), Ticket.id < ticket_id)
    return [Row(*values) for values in session.execute(statement.order_by(Ticket.id.desc()).limit(limit + 1))]


def count_below(session: Session, actor: Actor, asked: Filters, now: datetime, ticket_id: int, most: int) -> int:
    """How many rows `below` has in all, at most `most`."""
    statement = select(Ticket.id).where(*_wanted(actor, replace(asked), now), Ticket.id < ticket_id).limit(most)
    return session.scalar(select(func.count()).select_from(statement.subquery())) or 0


def _columns(now: datetime) -> Any:
    site, reporter = aliased(Organisation), aliased(Organisation)
    return (
        select(
            Ticket.id, Ticket.number, Ticket.waybill, Ticket.category, Ticket.state, Ticket.delivery_promise,
            (Ticket.repeat_count + 1).label("times"), Ticket.opened_at, Ticket.closed_at, Ticket.channel,
            _late(now).label("late"), func.coalesce(FreeText.body["text"].as_string(), ""), site, reporter,
            func.coalesce(User.name, ""),
        )
        .outerjoin(FreeText, FreeText.id == Ticket.headline_id)
        .outerjoin(site, site.id == Ticket.handling_site_id)
        .outerjoin(reporter, reporter.id == Ticket.reporter_id)
        .outerjoin(User, User.id == Ticket.owner_id)
    )  # fmt: skip


def _wanted(actor: Actor, asked: Filters, now: datetime) -> list[ColumnElement[bool]]:
    begin, (opened, _id) = at_local(asked.first, time(0)), _key(actor, asked.kind)
    found = [
        visible_to(actor), *_place(actor, asked.kind), text(f"ticket.{OTHER_KINDS}"), Ticket.kind == asked.kind,
        opened >= begin, opened < at_local(asked.last + timedelta(days=1), time(0)),
    ]  # fmt: skip
    if asked.category:
        found.append(Ticket.category == asked.category)
    if asked.state:
        found.append(Ticket.state.in_(STATES[asked.state]))
    if asked.promise:
        found.append(Ticket.delivery_promise == asked.promise)
    if asked.clock:
        found.append(_late(now))
    return found


def _key(actor: Actor, kind: str) -> tuple[Any, Any]:
    """The columns that order the list: those of the rows that the desk has for it."""
    if kind == INQUIRY and actor.desk in ("site", "lcs"):
        return InquiryRow.opened_at, InquiryRow.ticket_id
    return Ticket.opened_at, Ticket.id


def _place(actor: Actor, kind: str) -> list[ColumnElement[bool]]:
    """Whose: beside the scope, so that each desk's list is one piece of one index. What somebody inside the house asked
    is also theirs who asked: those below headquarters have rows of their own for inquiries."""
    if actor.desk not in ("site", "lcs"):
        return []
    if kind == INQUIRY:
        return [InquiryRow.scope == work_scope(actor), InquiryRow.ticket_id == Ticket.id]
    own = actor.organisation_id
    return [Ticket.handling_site_id == own if actor.desk == "site" else Ticket.province_id == actor.province_id]


def _late(now: datetime) -> ColumnElement[bool]:
    """Whether a clock of ours is late, or was; one that was taken out of the measures is not."""
    over = or_(Clock.breached_at.is_not(None), Clock.stopped_at > Clock.due_at)
    running = and_(Clock.stopped_at.is_(None), Clock.state != "paused", Clock.due_at < now)
    counts = and_(Clock.kind.in_(DUE), Clock.state != "void", Clock.exempt.is_(False))
    return exists().where(Clock.ticket_id == Ticket.id, counts, or_(over, running)).correlate(Ticket)


def _day(written: str) -> date | None:
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None


def _mark(after: str) -> tuple[datetime, int] | None:
    """The last row of the page before; it comes out of an address and may be anything."""
    at_text, _sign, id_text = after.partition("~")
    try:
        at, ticket_id = datetime.fromisoformat(at_text), int(id_text)
    except ValueError:
        return None
    return (at, ticket_id) if storable(at) and abs(ticket_id) < 2**63 else None
