"""Keeps what lists and badges read: work items, site counters and scope versions, in the change's transaction."""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import lifecycle
from app.models import Clock, Counter, Organisation, Party, ScopeVersion, Ticket, WorkItem
from app.models.dialect import upsert_add

NO_DUE = datetime(9999, 1, 1, tzinfo=UTC)


# Clocks that wait for one organisation and not for the handling site, and the queue in which it finds the ticket.
OF_ONE_DESK = {"party_reply": "to_answer", "evidence": "to_answer", "ruling": "to_rule", "consent": "to_rule"}
ON_TOP = datetime(2000, 1, 1, tzinfo=UTC)  # before every due: a broken promise (rulebook 3.7)


@dataclass(frozen=True)
class Seat:
    """A scope in which the ticket is open work: who sits there, and what is asked of exactly this desk until when."""

    desk: str
    due_at: datetime | None = None
    queue: str = ""


def refresh(session: Session, ticket: Ticket) -> None:
    """Bring the ticket's work items in line with its row: one per party, per province and for headquarters.

    Site counters move by the difference; those of provinces and headquarters are refreshed by the scheduler.
    """
    session.flush()
    before = {item.scope: item for item in session.scalars(select(WorkItem).where(WorkItem.ticket_id == ticket.id))}
    desks = _scopes(session, ticket)
    wanted = _seats(session, ticket, desks)
    for scope in sorted(before.keys() | wanted.keys()):
        old_queues = _queues(before[scope]) if scope in before else Tally()
        item = _place(session, ticket, scope, wanted.get(scope), before.get(scope))
        if scope and desks.get(scope, "party") in ("site", "party"):
            _count(session, scope, (_queues(item) if item else Tally()), old_queues)
        upsert_add(session, ScopeVersion, {"scope": scope}, "n", 1)


def _seats(session: Session, ticket: Ticket, desks: dict[int, str]) -> dict[int, Seat]:
    """Every scope that has the ticket before it. After the end those alone that still owe an answer or a ruling."""
    asked = _asked(session, ticket) if ticket.cases or ticket.category_wanted else {}
    seats = {}
    for scope, desk in desks.items():
        due_at, queue = asked.get(scope, (None, ""))
        if queue or ticket.state in lifecycle.OPEN_STATES:
            seats[scope] = Seat(desk, due_at, queue)
    return seats


def _scopes(session: Session, ticket: Ticket) -> dict[int, str]:
    """Every scope the ticket belongs to and the desk that sits there."""
    parties = select(Party.organisation_id, Party.province_id).where(
        Party.ticket_id == ticket.id, Party.role != "former"
    )
    scopes = {0: "ccs"}
    for organisation_id, province_id in session.execute(parties):
        if province_id != organisation_id:
            scopes[organisation_id] = "site" if organisation_id == ticket.handling_site_id else "party"
        if province_id:
            scopes[province_id] = "lcs" if province_id == ticket.province_id else "lcs_of_party"
    return scopes


def _asked(session: Session, ticket: Ticket) -> dict[int, tuple[datetime, str]]:
    """The earliest clock that runs for one desk alone, by scope; headquarters is scope 0."""
    found: dict[int, tuple[datetime, str]] = {}
    statement = (
        select(Clock.organisation_id, Clock.due_at, Clock.kind, Organisation.kind)
        .join(Organisation, Organisation.id == Clock.organisation_id)
        .where(Clock.ticket_id == ticket.id, Clock.kind.in_(OF_ONE_DESK), Clock.stopped_at.is_(None))
    )
    for organisation_id, due_at, kind, place in session.execute(statement):
        scope = 0 if place == "headquarters" else organisation_id or 0
        if scope not in found or due_at < found[scope][0]:
            found[scope] = (due_at, OF_ONE_DESK[kind])
    return found


def _place(session: Session, ticket: Ticket, scope: int, seat: Seat | None, item: WorkItem | None) -> WorkItem | None:
    if seat is None:
        if item is not None:
            session.delete(item)
        return None
    if item is None:
        item = WorkItem(scope=scope, ticket_id=ticket.id)
        session.add(item)
    on_top = lifecycle.PROMISE_BROKEN in (ticket.flags or []) and ticket.state in lifecycle.AT_WORK
    item.due_at = ON_TOP if on_top else seat.due_at or ticket.next_due_at or NO_DUE
    item.activity_at = ticket.activity_at
    item.queue, item.category, item.state, item.overdue = ticket.queue, ticket.category, ticket.state, ticket.overdue
    item.owner_id = ticket.owner_id
    if seat.queue:
        item.queue, item.turn = seat.queue, True
        return item
    item.turn = lifecycle.turn_of(
        seat.desk, ticket.state, routed=ticket.handling_site_id is not None, in_province=ticket.province_id is not None,
        overdue=ticket.overdue, level=ticket.level, acting=ticket.acting_id == scope,
        waiting=ticket.waiting_until is not None, help_open=ticket.help_asked_at is not None,
        to_close=(ticket.customer_accepted or ticket.objection_over) and not ticket.open_promises,
    )  # fmt: skip
    return item


def _queues(item: WorkItem) -> Tally:
    counts = Tally({item.queue: 1, "all": 1})
    if item.turn:
        counts["todo"] += 1
    if item.overdue:
        counts["overdue"] += 1
    return counts


def _count(session: Session, scope: int, new: Tally, old: Tally) -> None:
    for queue in sorted(new.keys() | old.keys()):
        if new[queue] != old[queue]:
            upsert_add(session, Counter, {"scope": scope, "queue": queue}, "n", new[queue] - old[queue])


def recount(session: Session, *, sites: bool = False) -> int:
    """Recount provinces and headquarters from the work items (the scheduler, every few seconds).

    With `sites` every scope is recounted: the nightly reconcile. Returns the scopes written.
    """
    wide = select(Organisation.id).where(Organisation.kind == "province")
    scopes = set(session.scalars(wide)) | {0}
    condition = WorkItem.scope.is_not(None) if sites else WorkItem.scope.in_(scopes)
    counts: dict[tuple[int, str], int] = Tally()
    groups = select(WorkItem.scope, WorkItem.queue, WorkItem.turn, WorkItem.overdue, func.count())
    keys = (WorkItem.scope, WorkItem.queue, WorkItem.turn, WorkItem.overdue)
    for scope, queue, turn, overdue, n in session.execute(groups.where(condition).group_by(*keys)):
        for name, counted in ((queue, True), ("all", True), ("todo", turn), ("overdue", overdue)):
            if counted:
                counts[scope, name] += n
    return _store_counts(session, counts, None if sites else scopes)


def _store_counts(session: Session, counts: dict[tuple[int, str], int], scopes: set[int] | None) -> int:
    rows = select(Counter) if scopes is None else select(Counter).where(Counter.scope.in_(scopes))
    present = {(row.scope, row.queue): row for row in session.scalars(rows)}
    for key in present.keys() | counts.keys():
        n = counts.get(key, 0)
        if key not in present:
            session.add(Counter(scope=key[0], queue=key[1], n=n))
        elif present[key].n != n:
            present[key].n = n
    return len({scope for scope, _queue in counts})
