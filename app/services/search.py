"""The read side of searching: by number, waybill or its last characters, platform order, last four digits of a
telephone, and by the words of the thread; open and ended tickets, the newest entry first. Select only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from app.domain import search as rule
from app.domain.kinds import KINDS
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.domain.search import Query, Word
from app.domain.waybills import is_acceptable
from app.models import Event, FreeText, Person, PlatformOrder, Ticket, WorkItem, entries
from app.models import dialect_search as documents
from app.services import linked, queue, queue_scope
from app.services.queue import Filters, Row
from app.services.scope import looked_up, one_by_one, visible_to, work_scope

PAGE = 50
MOST_CODES = 3  # words of a query that are looked for as numbers too
BY = ("number", "waybill", "order", "suffix", "phone", "text")  # how a ticket was found, the surest way first
EXACT = frozenset({"number", "waybill", "order"})


@dataclass(frozen=True)
class Hit:
    """A ticket that was found: how (one of BY), when its newest entry was written, and where its texts were hit.

    `entry` is the type of the entry, "" where none was; `excerpt` the masked piece of it with the words marked.
    """

    row: Row
    by: str
    written_at: datetime
    entry: str = ""
    excerpt: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class Found:
    """A page of hits and the key of the next page ("" at the end)."""

    hits: tuple[Hit, ...]
    after: str

    @property
    def exact(self) -> str:
        """The number of the ticket when one alone was found by its whole number, waybill or platform order."""
        sure = [hit.row.number for hit in self.hits if hit.by in EXACT]
        return sure[0] if len(sure) == 1 else ""


def find(session: Session, actor: Actor, query: Query, filters: Filters, now: datetime) -> Found:
    """One page of the tickets in the actor's scope that have every word of the query; `filters.after` is a key.

    `filters.queue` "" and "all" leave no ticket out. Raises NotFound for a role without a queue.
    """
    if not query.words:
        return Found((), "")
    ways = _ways(session, actor, query, _allowed(actor, filters, now), _key(filters.after), now)
    merged = union_all(*ways).subquery()
    best = select(merged.c.id, func.min(merged.c.by).label("by"), merged.c.rank).group_by(merged.c.id, merged.c.rank)
    first = best.order_by(merged.c.rank.desc()).limit(PAGE + 1).subquery()
    statement = (
        queue.columns()
        .join(first, first.c.id == Ticket.id)
        .add_columns(_by(session, first.c.by, query.words), first.c.rank)
    )
    rows = session.execute(statement.order_by(first.c.rank.desc())).all()
    texts = _texts(session, [row[0] for row in rows[:PAGE]])
    hits = [_hit(row, actor, query, texts.get(row[0], [])) for row in rows[:PAGE]]
    after = str(rows[PAGE - 1][-1]) if len(rows) > PAGE else ""
    return Found(tuple(hit for hit in hits if hit is not None), after)


def _allowed(actor: Actor, filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    """Who asks, and what else the address asks for."""
    found = [visible_to(actor), *queue_scope.party(actor, now, site=filters.site, owner=filters.owner)]
    if filters.category:
        column = Ticket.kind if filters.category in KINDS else Ticket.category
        found.append(column == filters.category)
    if filters.owner == "mine":
        found.append(Ticket.owner_id == actor.user_id)
    elif filters.owner == "unclaimed":
        found.append(Ticket.owner_id.is_(None))
    if filters.queue and filters.queue != "all":
        here = queue_scope.within(actor, now, site=filters.site, owner=filters.owner)
        found.append(exists().where(WorkItem.ticket_id == Ticket.id, *here, *queue.conditions(filters.queue, now)))
    return found


def _ways(
    session: Session, actor: Actor, query: Query, allowed: Sequence[ColumnElement[bool]], before: int | None,
    now: datetime,
) -> list[Select[Any]]:  # fmt: skip
    """A statement for each way to find a ticket, each served by an index of its own and ending at a page."""
    ways = _by_text(session, actor, query, allowed, before, now)
    for word in [word for word in query.words if word.order][:MOST_CODES]:
        others = [_has(session, one) for one in query.words if one is not word]
        for by, condition in _codes(session, word).items():
            place = func.coalesce(Ticket.search_rank, 0).label("rank")
            some = select(Ticket.id.label("ticket_id"), place).where(condition).subquery()
            # the few that have the number are looked up, and not the many that a site has looked through for it
            there = select(some.c.ticket_id).where(looked_up(some.c.ticket_id, *others, *allowed))
            ways.append(_newest(there, some.c.rank, by, before, some.c.ticket_id))
    return ways


def _by_text(
    session: Session, actor: Actor, query: Query, allowed: Sequence[ColumnElement[bool]], before: int | None,
    now: datetime,
) -> list[Select[Any]]:  # fmt: skip
    """The words of the thread. Where the index of words gives no order, first in the newest documents, then further and
    further back until a page is full: neither frequent nor rare words are looked for in everything."""
    allowed = [*allowed, *(_somewhere(session, word) for word in query.words if word.tails)]
    scope = None if actor.desk == "ccs" else work_scope(actor)
    if not (spans := documents.spans(session)):
        found: Any = documents.newest(session, scope, query.words)
        joined = found.join(Ticket, Ticket.id == found.selected_columns.ticket_id).where(*allowed)
        return [_newest(joined, found.selected_columns.rank, "text", before)]
    about = rule.rank(now, "") if before is None else before
    ways: list[Any] = []
    for span in range(spans + 1):
        some = documents.lately(session, scope, query.words, about, span).subquery()
        few = [select(func.count()).select_from(way).scalar_subquery() <= PAGE for way in ways]
        there = select(some.c.ticket_id).where(looked_up(some.c.ticket_id, *allowed), *few)
        ways.append(_newest(there, some.c.rank, "text", before, some.c.ticket_id).cte(f"text_{span}"))
    return [select(way.c.id, way.c.by, way.c.rank) for way in ways]


def _newest(
    statement: Select[Any], place: Any, by: str, before: int | None, ticket_id: Any = Ticket.id
) -> Select[Any]:  # fmt: skip
    """The newest of a way, one more than a page."""
    if before is not None:
        statement = statement.where(place < before)
    part = statement.with_only_columns(
        ticket_id.label("id"), literal(BY.index(by)).label("by"), place.label("rank"), maintain_column_froms=True
    )
    inner = part.order_by(place.desc()).limit(PAGE + 1).subquery()
    return select(inner.c.id, inner.c.by, inner.c.rank)


def _codes(session: Session, word: Word) -> dict[str, ColumnElement[bool]]:
    """The conditions on `ticket` that a word is one of its numbers, by the way; the last four stand among the words."""
    order = select(PlatformOrder.ticket_id).where(PlatformOrder.code.in_({word.order, word.order.upper()}))
    found: dict[str, ColumnElement[bool]] = {"order": Ticket.id.in_(order)}
    if word.code:
        parcel = linked.numbers(session, word.code) if is_acceptable(word.code) else [word.code]
        found |= {"number": Ticket.number == word.code, "waybill": Ticket.waybill.in_(parcel)}
    if word.code.isalnum() and not word.tails:
        found["suffix"] = documents.starts_with(session, Ticket.waybill_reversed, word.code[::-1])
    return found


def _ends(session: Session, word: Word) -> dict[str, ColumnElement[bool]]:
    """The conditions on `ticket` that its waybill or its telephone ends in a word of four characters, by the way."""
    found: dict[str, ColumnElement[bool]] = {}
    if word.tails:
        found["suffix"] = documents.starts_with(session, Ticket.waybill_reversed, word.code[::-1])
    if word.last_four:
        own = select(Person.phone_last4).where(Person.ticket_id == Ticket.id).correlate(Ticket)
        found["phone"] = func.coalesce(own.scalar_subquery(), "") == word.last_four
    return found


def _by(session: Session, way: Any, words: Sequence[Word]) -> Any:
    """How a ticket was found, where that was among the words: by the end of its waybill or its telephone, if it is."""
    ends = [(BY.index(by), condition) for word in words for by, condition in _ends(session, word).items()]
    surest = [(condition, literal(by)) for by, condition in sorted(ends, key=lambda one: one[0])]
    return case((way != BY.index("text"), way), *surest, else_=way).label("found_by")


def _somewhere(session: Session, word: Word) -> ColumnElement[bool]:
    """The condition on `ticket` that a word stands in its texts or at the end of its numbers; asked of what the index
    of words found too, which may remember the end of a number that has gone since."""
    said = documents.among(session, Ticket, replace(word, code=""))
    return or_(*_ends(session, word).values(), one_by_one(said))


def _has(session: Session, word: Word) -> ColumnElement[bool]:
    """The condition that a ticket, found by another word, has this one too."""
    said = _somewhere(session, word)
    return or_(*_codes(session, word).values(), said) if word.order else said


def _key(after: str) -> int | None:
    """The rank in an address; None where it is none."""
    digits = after.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19 or int(digits) >= 2**63:
        return None
    return int(after)


def _texts(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """What the entries of tickets say (type, masked text), the newest first."""
    if not ids:
        return {}
    said = select(Event.ticket_id, Event.type, FreeText.body).join(FreeText, FreeText.id == Event.text_id)
    found: dict[int, list[tuple[str, str]]] = {}
    for ticket_id, kind, body in session.execute(said.where(entries.of_tickets(ids)).order_by(Event.seq.desc())):
        if text := rule.readable(kind, body):
            found.setdefault(ticket_id, []).append((kind, mask_text(text)))
    return found


def _hit(values: Any, actor: Actor, query: Query, texts: Sequence[tuple[str, str]]) -> Hit | None:
    """None where a Chinese word was found in pairs only and stands nowhere as it was typed."""
    if not rule.holds([text for _kind, text in texts], query):
        return None
    row, by, at = queue.row_of(values, actor), BY[values[-2]], rule.written_at(values[-1])
    best = max(texts, key=lambda one: rule.hits(one[1], query), default=None)
    if best is None or not rule.hits(best[1], query):
        return Hit(row, by, at)
    return Hit(row, by, at, best[0], rule.excerpt(best[1], query))
