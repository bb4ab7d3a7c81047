"""Keeps what lists and badges read: work items, site counters and scope versions, in the change's transaction."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from app.domain import kinds, lifecycle
from app.models import Clock, Counter, Organisation, Party, Ticket, WorkItem
from app.models.among import among
from app.models.dialect_rows import upsert, upsert_part
from app.models.together import Question
from app.services import counts, gathering, search_index, versions
from app.services.transaction import begun, drop, keep, stored, taken
from app.services.work_item import Seat, item_of, wants_help

# Clocks that wait for one organisation and not for the handling site, and the queue in which it finds the ticket.
OF_ONE_DESK = {"party_reply": "to_answer", "evidence": "to_answer", "ruling": "to_rule", "consent": "to_rule"}
AT_SITES = ("site", "party", "reporter")  # whose counters move with each change


Items = dict[int, Mapping[str, Any]]


@dataclass(frozen=True)
class _Change:
    """A ticket that was changed, its work items as they stand, the desk in each scope that it belongs to, and when."""

    ticket: Ticket
    before: Items
    desks: dict[int, str]
    at: datetime


def refresh(session: Session, ticket: Ticket) -> None:
    """Bring the ticket's work items in line with its row: one per party, per province and for headquarters.

    Site counters move by the difference; those of provinces and headquarters are refreshed by the scheduler.
    """
    if gathering.put_off(session, ticket):
        return
    parties = _waiting_parties(session, ticket)
    if parties and _alone(session, ticket):
        return _begin(session, _Change(ticket, {}, _scopes(ticket, parties), ticket.activity_at))
    known = taken(session, ("before", ticket.id))
    if known and _as_read(session, ticket):
        items, seen = known
        return _go_on(session, _Change(ticket, items, _scopes(ticket, seen), ticket.activity_at))
    stored(session)
    before = {} if begun(session, ticket.id) else _items(session, ticket)
    desks = _scopes(ticket, parties or _parties(session, ticket))
    _renew(session, [_Change(ticket, before, desks, ticket.activity_at)])


def read_before(session: Session, ticket: Ticket, items: list[Any], parties: list[Any]) -> None:
    """What `ITEMS` and `PARTIES` have found under the lock of the ticket: what `refresh` needs not ask for."""
    keep(session, ("before", ticket.id), ({one.scope: one._asdict() for one in items}, parties))


def parties_change(session: Session, ticket: Ticket) -> None:
    """Whoever changes the parties of a ticket says so: what was read before holds no more."""
    drop(session, ("before", ticket.id))


def _as_read(session: Session, ticket: Ticket) -> bool:
    """Whether what was read is what there is, on an engine where each statement counts."""
    return not _has_asked(ticket) and session.get_bind().dialect.name == "postgresql"


def _go_on(session: Session, change: _Change) -> None:
    """Store what was made and changed of a ticket together with its items and its search document."""
    moves = _moves(session, [change])
    beside = [*upsert_part(session, WorkItem, moves.fresh), *search_index.extend_beside(session, change.ticket)]
    stored(session, beside=beside, of=change.ticket.id)
    _leave(session, moves)
    _count(session, moves)


def _alone(session: Session, ticket: Ticket) -> bool:
    """Whether a new ticket's items follow from what is in memory, on an engine where each statement counts."""
    return begun(session, ticket.id) and not _has_asked(ticket) and session.get_bind().dialect.name == "postgresql"


def _begin(session: Session, change: _Change) -> None:
    """Store a new ticket together with its items and its search document."""
    moves = _moves(session, [change])
    items = upsert_part(session, WorkItem, moves.fresh)
    stored(session, beside=[*items, *search_index.settle_beside(session, change.ticket)])
    _count(session, moves)


def refresh_all(session: Session, tickets: Collection[Ticket], active: datetime) -> None:
    """The same for many stored tickets that were moved at the instant `active`, whatever their rows say by now, in a
    statement for each thing that is read or written."""
    if not tickets:
        return
    stored(session, many=True)
    ids = [ticket.id for ticket in tickets]
    before: dict[int, Items] = {one: {} for one in ids}
    parties: dict[int, list[tuple[int, int | None]]] = {one: [] for one in ids}
    connection = session.connection()
    for row in connection.execute(_ALL_ITEMS, {"of_tickets": ids}):
        item = dict(zip(_COLUMNS, row, strict=True))
        before[item["ticket_id"]][item["scope"]] = item
    for ticket_id, place, province in connection.execute(_ALL_PARTIES, {"of_tickets": ids}):
        parties[ticket_id].append((place, province))
    _renew(session, [_Change(one, before[one.id], _scopes(one, parties[one.id]), active) for one in tickets])


@dataclass(frozen=True)
class _Moves:
    """Items that are new or other than they were, those of desks that have them no more, and by how much versions and
    site counters move."""

    fresh: list[dict[str, Any]] = field(default_factory=list)
    gone: list[dict[str, int]] = field(default_factory=list)
    raised: Tally[int] = field(default_factory=Tally)
    moved: Tally[tuple[int, str]] = field(default_factory=Tally)


def _renew(session: Session, changes: Iterable[_Change]) -> None:
    moves = _moves(session, changes)
    upsert(session, WorkItem, moves.fresh)
    _leave(session, moves)
    _count(session, moves)


def _leave(session: Session, moves: _Moves) -> None:
    if moves.gone:
        session.connection().execute(_GONE, moves.gone)


def _moves(session: Session, changes: Iterable[_Change]) -> _Moves:
    found = _Moves()
    for one in changes:
        seats = _seats(session, one.ticket, one.desks)
        items = {scope: item_of(one.ticket, scope, seat, one.at) for scope, seat in seats.items()}
        for scope in sorted(one.before.keys() | items.keys()):
            found.raised[scope] += 1
            if scope and one.desks.get(scope, "party") in AT_SITES:
                _move(found.moved, scope, _queues(items.get(scope)), _queues(one.before.get(scope)))
        found.fresh.extend(items[scope] for scope in sorted(items) if items[scope] != one.before.get(scope))
        left = sorted(one.before.keys() - items.keys())
        found.gone.extend({"of_ticket": one.ticket.id, "of_scope": scope} for scope in left)
    return found


def _count(session: Session, moves: _Moves) -> None:
    versions.raised(session, moves.raised)
    rows = [{"scope": scope, "queue": queue, "n": n} for (scope, queue), n in moves.moved.items()]
    counts.add(session, Counter, rows)


_COLUMNS = tuple(column.name for column in WorkItem.__table__.columns)
_OWN: Any = WorkItem.ticket_id == bindparam("of_ticket")
_ITEMS = select(*(getattr(WorkItem, name) for name in _COLUMNS)).where(_OWN)
ITEMS = Question(_ITEMS)
_ALL_ITEMS = select(*(getattr(WorkItem, name) for name in _COLUMNS)).where(among(WorkItem.ticket_id, "of_tickets"))
_GONE = delete(WorkItem.__table__).where(_OWN, WorkItem.scope == bindparam("of_scope"))  # type: ignore[arg-type]


def _items(session: Session, ticket: Ticket) -> Items:
    rows = session.connection().execute(_ITEMS, {"of_ticket": ticket.id}).mappings()
    return {row["scope"]: cast(Mapping[str, Any], row) for row in rows}


def _seats(session: Session, ticket: Ticket, desks: dict[int, str]) -> dict[int, Seat]:
    """Every scope that has the ticket before it. After the end those alone that still owe an answer or a ruling.

    A ticket whose site asks for help lies in its province's queue for that, until the province acts or answers.
    """
    asked = _asked(session, ticket) if _has_asked(ticket) else {}
    seats = {}
    for scope, desk in desks.items():
        due_at, queue, late = asked.get(scope, (None, "", False))
        if not queue and desk == "lcs" and wants_help(ticket):
            queue = "help"
        if queue or ticket.state in lifecycle.OPEN_STATES:
            seats[scope] = Seat(desk, due_at, queue, late)
    return seats


def _has_asked(ticket: Ticket) -> bool:
    """Whether a clock may run for one desk alone."""
    return bool(ticket.cases or ticket.category_wanted)


def _scopes(ticket: Ticket, parties: Iterable[tuple[int, int | None]]) -> dict[int, str]:
    """Every scope the ticket belongs to and the desk that sits there."""
    scopes = {0: "ccs"}
    for organisation_id, province_id in parties:
        if province_id != organisation_id:
            at_site = organisation_id in (ticket.handling_site_id, ticket.acting_id)
            asks = "reporter" if organisation_id == ticket.reporter_id else "party"
            scopes[organisation_id] = "site" if at_site else asks
        if province_id:
            beside = "reporter" if province_id == ticket.reporter_id else _lcs_beside(ticket)
            scopes[province_id] = "lcs" if province_id == ticket.province_id else beside
    return scopes


def _lcs_beside(ticket: Ticket) -> str:
    """What a province is whose ticket it is not: of a question it only knows, and has nothing to do."""
    return "party" if ticket.kind == kinds.INQUIRY else "lcs_of_party"


_PARTIES = select(Party.organisation_id, Party.province_id).where(
    Party.ticket_id == bindparam("ticket_id"), Party.role != "former"
)
PARTIES = Question(_PARTIES)

_ALL_PARTIES = select(Party.ticket_id, Party.organisation_id, Party.province_id).where(
    among(Party.ticket_id, "of_tickets"), Party.role != "former"
)


def _parties(session: Session, ticket: Ticket) -> Iterable[tuple[int, int | None]]:
    """Organisation and province of each party."""
    found: Any = session.connection().execute(_PARTIES, {"ticket_id": ticket.id})
    return cast(Iterable[tuple[int, int | None]], found)


def _waiting_parties(session: Session, ticket: Ticket) -> list[tuple[int, int | None]]:
    """The same of a ticket of which nothing is stored yet, so that nobody has to ask for them."""
    if ticket not in session.new:
        return []
    own = [one for one in session.new if isinstance(one, Party) and one.ticket_id == ticket.id]
    return [(one.organisation_id, one.province_id) for one in own if one.role != "former"]


def _asked(session: Session, ticket: Ticket) -> dict[int, tuple[datetime, str, bool]]:
    """The earliest clock that runs for one desk alone, and whether it is late, by scope; headquarters is scope 0. A
    site does not rule: a dispute that waits for the handling site is an answer it owes."""
    found: dict[int, tuple[datetime, str, bool]] = {}
    statement = (
        select(Clock.organisation_id, Clock.due_at, Clock.kind, Clock.breached_at, Organisation.kind)
        .join(Organisation, Organisation.id == Clock.organisation_id)
        .where(Clock.ticket_id == ticket.id, Clock.kind.in_(OF_ONE_DESK), Clock.stopped_at.is_(None))
    )
    for organisation_id, due_at, kind, breached_at, place in session.execute(statement):
        scope = 0 if place == "headquarters" else organisation_id or 0
        if scope not in found or due_at < found[scope][0]:
            rules = place in ("province", "headquarters")
            found[scope] = (due_at, OF_ONE_DESK[kind] if rules else "to_answer", breached_at is not None)
    return found


def _queues(item: Mapping[str, Any] | None) -> Tally:
    """The counters in which an item counts; none where there is no item."""
    if item is None:
        return Tally()
    counts = Tally({item["queue"]: 1, "all": 1})
    for name, counted in (("todo", "turn"), ("overdue", "overdue"), ("urged", "urged")):
        if item[counted]:
            counts[name] += 1
    return counts


def _move(moved: Tally[tuple[int, str]], scope: int, new: Tally[str], old: Tally[str]) -> None:
    for queue in new.keys() | old.keys():
        moved[scope, queue] += new[queue] - old[queue]
