"""The hand-over of a shift (交接班): in which group of the list a ticket stands."""

from __future__ import annotations

from datetime import datetime, timedelta

OVERDUE, SOON, WAITING, OTHERS = "overdue", "soon", "waiting", "others"
GROUPS = (OVERDUE, SOON, WAITING, OTHERS)
NEAR = timedelta(hours=4)


def group_of(*, state: str, overdue: bool, waiting: bool, due_at: datetime | None, now: datetime) -> str:
    """Overdue before all; what waits for the customer before what is due, because nobody can hurry it."""
    if overdue:
        return OVERDUE
    if waiting or state == "replied":
        return WAITING
    if due_at is None:
        return OTHERS
    if due_at < now:
        return OVERDUE
    return SOON if due_at <= now + NEAR else OTHERS
