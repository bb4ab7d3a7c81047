"""Urges (催办): when one stands unanswered, and which tickets the province urges in bulk (rulebook 3.11, 3.4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.bands import AT_ONCE
from app.domain.lifecycle import AT_WORK, BEFORE_THE_END

BETWEEN = timedelta(minutes=30)  # of the superior, between two urges of one ticket


def stands(state: str, *, urge_count: int, urged_at: datetime | None, result_at: datetime | None) -> bool:
    """Whether somebody urged and the site has not answered since.

    `urge_count` counts the customer's and platform's urges, which the first result answers; `urged_at` is the
    superior's last one, answered by a later result.
    """
    if state not in BEFORE_THE_END:
        return False
    if urged_at is not None and (result_at is None or urged_at > result_at):
        return True
    return state in AT_WORK and urge_count > 0 and result_at is None


def possible_at(urged_at: datetime | None, now: datetime) -> datetime:
    """The first instant at which the superior may urge the ticket again: at most once in 30 minutes."""
    return now if urged_at is None else max(now, urged_at + BETWEEN)


def pressing_until(now: datetime) -> datetime:
    """What is due up to this instant is urged in bulk, and what is late."""
    return now + AT_ONCE
