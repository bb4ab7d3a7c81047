"""The clerk's day in four bands: what is late, what is due at once, what is due today, what comes later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import lru_cache

from app.domain.calendars import ONE_DAY, at_local, local_date

LATE, SOON, TODAY, LATER = "late", "soon", "today", "later"
BANDS = (LATE, SOON, TODAY, LATER)
AT_ONCE = timedelta(minutes=30)
MIDNIGHT = time(0, 0)


@lru_cache(maxsize=8)  # a list asks once for each of its rows
def ends(now: datetime) -> Mapping[str, datetime]:
    """The last due of each band but the open one: now, in 30 minutes, and the end of the day in Shanghai.

    Near midnight the 30 minutes reach into the next day and *today* is empty.
    """
    soon = now + AT_ONCE
    midnight = at_local(local_date(now) + ONE_DAY, MIDNIGHT)
    return {LATE: now, SOON: soon, TODAY: max(soon, midnight)}


def band_of(due_at: datetime | None, now: datetime) -> str:
    """The band in which a due lies; what has none comes later."""
    if due_at is None:
        return LATER
    return next((band for band, end in ends(now).items() if due_at <= end), LATER)
