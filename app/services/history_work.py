"""The queues of imported tickets that are still open: what `work.refresh` would write, for a whole batch at once.

`work` stays the rule: a test refreshes imported tickets with it and finds nothing to change.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from app.domain import lifecycle
from app.domain.history import Past
from app.models import Counter
from app.services import counts, versions
from app.services.work_item import NO_DUE

Rows = dict[str, Any]
OWN = "site"  # the desk whose counters move with the change; those of provinces and headquarters are recounted


def items(past: Past, ticket_id: int) -> list[Rows]:
    """One row for each desk that has the open ticket before it."""
    due = past.run.due_at if past.run.stopped_at is None else NO_DUE
    common = {
        "ticket_id": ticket_id, "due_at": due, "activity_at": past.activity_at, "queue": past.queue,
        "category": past.category, "state": past.state, "overdue": past.overdue,
    }  # fmt: skip
    return [common | {"scope": scope, "turn": _turn(past, desk)} for scope, desk in scopes(past).items()]


def scopes(past: Past) -> dict[int, str]:
    """Every scope that has the ticket before it and the desk that sits there; who had it before has not."""
    found = {0: "ccs"}
    for place in past.parties:
        if place != past.place:
            continue
        if place.province_id and place.province_id != place.id:
            found[place.id] = OWN
        if place.province_id:
            found[place.province_id] = "lcs"
    return found


def count(session: Session, pasts: Iterable[tuple[Past, list[Rows]]]) -> None:
    """Move the counters of the sites, and raise the version of every scope, as after one change. The caller commits."""
    numbers: Tally[tuple[int, str]] = Tally()
    seen: set[int] = set()
    for past, rows in pasts:
        desks = scopes(past)
        seen |= desks.keys()
        for row in rows:
            if desks[row["scope"]] == OWN:
                flags = {row["queue"]: True, "all": True, "todo": row["turn"], "overdue": row["overdue"]}
                numbers.update((row["scope"], queue) for queue, holds in flags.items() if holds)
    moved = [{"scope": scope, "queue": queue, "n": n} for (scope, queue), n in sorted(numbers.items())]
    counts.add(session, Counter, moved)
    versions.raised(session, dict.fromkeys(seen, 1))


def _turn(past: Past, desk: str) -> bool:
    return lifecycle.turn_of(
        desk, past.state, routed=past.place is not None and past.place.site_id is not None,
        in_province=past.place is not None and past.place.province_id is not None, overdue=past.overdue,
        level=past.level, to_close=past.state == "replied",
    )  # fmt: skip
