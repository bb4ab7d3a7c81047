"""Keeps what lists and badges read: work items, site counters and scope versions, in the change's transaction."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import lifecycle
from app.models import Counter, Organisation, Party, ScopeVersion, Ticket, WorkItem
from app.models.dialect import upsert_add

NO_DUE = datetime(9999, 1, 1, tzinfo=UTC)


def refresh(session: Session, ticket: Ticket) -> None:
    """Bring the ticket's work items in line with its row: one per party, per province and for headquarters.

    Site counters move by the difference; those of provinces and headquarters are refreshed by the scheduler.
    """
    session.flush()
    before = {item.scope: item for item in session.scalars(select(WorkItem).where(WorkItem.ticket_id == ticket.id))}
    wanted = _scopes(session, ticket) if ticket.state in lifecycle.OPEN_STATES else {}
    for scope in sorted(before.keys() | wanted.keys()):
        old_queues = _queues(before[scope]) if scope in before else Tally()
        item = _place(session, ticket, scope, wanted.get(scope), before.get(scope))
        if wanted.get(scope, "site") == "site" and scope:
            _count(session, scope, (_queues(item) if item else Tally()), old_queues)
        upsert_add(session, ScopeVersion, {"scope": scope}, "n", 1)


def _scopes(session: Session, ticket: Ticket) -> dict[int, str]:
    """Every scope the ticket belongs to and the desk that sits there."""
    parties = session.execute(select(Party.organisation_id, Party.province_id).where(Party.ticket_id == ticket.id))
    scopes = {0: "ccs"}
    for organisation_id, province_id in parties:
        if province_id and province_id != organisation_id:
            scopes[organisation_id] = "site"
        if province_id:
            scopes[province_id] = "lcs"
    return scopes


def _place(session: Session, ticket: Ticket, scope: int, desk: str | None, item: WorkItem | None) -> WorkItem | None:
    if desk is None:
        if item is not None:
            session.delete(item)
        return None
    if item is None:
        item = WorkItem(scope=scope, ticket_id=ticket.id)
        session.add(item)
    item.due_at, item.activity_at = ticket.next_due_at or NO_DUE, ticket.activity_at
    item.queue, item.category, item.state, item.overdue = ticket.queue, ticket.category, ticket.state, ticket.overdue
    item.turn = lifecycle.turn_of(
        desk, ticket.state, routed=ticket.handling_site_id is not None, in_province=ticket.province_id is not None,
        overdue=ticket.overdue, level=ticket.level,
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
