"""How headquarters works its appeals: one after another, each by one person at a time (rulebook 1, `ccs`; 3.17)."""

from __future__ import annotations

from datetime import datetime, timedelta

LEASE = timedelta(minutes=10)  # how long an appeal is one person's without a sign of life
LATER = timedelta(hours=1)  # how long an appeal that waits for evidence stands behind the others
SOON = timedelta(hours=2)  # what the stream's head counts as due soon
RECORD = timedelta(days=90)  # how far a site's record of upheld appeals looks back


def held(holder_id: int | None, until: datetime | None, now: datetime) -> bool:
    """Whether somebody has the appeal at `now` (UTC): taken, and the time since the last activity is not over."""
    return holder_id is not None and until is not None and until > now


def held_by_other(holder_id: int | None, until: datetime | None, user_id: int | None, now: datetime) -> bool:
    """Whether somebody else has it: only this stops a ruling, one's own time being over does not."""
    return holder_id != user_id and held(holder_id, until, now)
