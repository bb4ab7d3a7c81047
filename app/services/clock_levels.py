"""Who the running clocks hand a ticket up to: at the breach the LCS, 4 h later the CCS (rulebook 4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.domain import clocks as rule
from app.domain import lifecycle
from app.models import Clock, Ticket

MARKS_OVERDUE = frozenset({"first_reply", "resolve", "close", "appeal"})
FIVE_DAYS = timedelta(days=5)


def goes_up(ticket: Ticket, clock: Clock) -> bool:
    """Whether CCS gets it 4 h after the breach: what marks the ticket overdue, and a return that nobody ruled on."""
    return clock.kind in MARKS_OVERDUE or (clock.kind == "ruling" and bool((ticket.cases or {}).get("transfer")))


def of(ticket: Ticket, running: Iterable[Clock], now: datetime) -> int:
    """The level that the clocks which run now give it: 0 nobody, 1 the LCS, 2 the CCS. A broken promise is the LCS's
    until the next result."""
    found = [rule.LEVEL_LCS if lifecycle.PROMISE_BROKEN in (ticket.flags or []) else rule.LEVEL_SITE]
    for clock in running:
        if clock.kind == "legal":
            found.append(rule.LEVEL_CCS if now >= min(clock.started_at + FIVE_DAYS, clock.due_at) else rule.LEVEL_SITE)
        elif clock.state != "paused" and goes_up(ticket, clock):
            found.append(_of_late(clock, now))
    return max(found)


def _of_late(clock: Clock, now: datetime) -> int:
    level = rule.hand_up_level(clock.due_at, now)
    return level if clock.kind in MARKS_OVERDUE or level == rule.LEVEL_CCS else rule.LEVEL_SITE
