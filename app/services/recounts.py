"""Counts the work items anew: what the badges of provinces and headquarters read, and at night those of sites."""

from __future__ import annotations

from collections import Counter as Tally

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Counter, Organisation, WorkItem
from app.models.dialect import lock_key
from app.models.dialect_locks import lock_table


def recount(session: Session, *, sites: bool = False) -> int:
    """Recount provinces and headquarters from the work items (the scheduler, every few seconds).

    With `sites` every scope is recounted: the nightly reconcile. Returns the scopes written. Schedulers take turns, and
    nobody moves a site's counter between the counting and the writing: the move would be lost.
    """
    lock_key(session, "recount")
    if sites:
        lock_table(session, Counter)
    wide = select(Organisation.id).where(Organisation.kind == "province")
    scopes = set(session.scalars(wide)) | {0}
    condition = WorkItem.scope.is_not(None) if sites else WorkItem.scope.in_(scopes)
    counts: dict[tuple[int, str], int] = Tally()
    keys = (WorkItem.scope, WorkItem.queue, WorkItem.turn, WorkItem.overdue, WorkItem.urged)
    groups = select(*keys, func.count()).where(condition).group_by(*keys)
    for scope, queue, turn, overdue, urged, n in session.execute(groups):
        marked = (("todo", turn), ("overdue", overdue), ("urged", urged))
        for name, counted in ((queue, True), ("all", True), *marked):
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
