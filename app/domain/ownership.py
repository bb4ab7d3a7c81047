"""Who a ticket is given to by itself, and when an owner counts as gone (rulebook 3.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.calendars import ONE_DAY, SEARCH_DAYS, Calendar, local_date, open_spans

OFFLINE_AFTER = timedelta(minutes=30)
FIRST_OWNER_DAYS = timedelta(days=30)


@dataclass(frozen=True)
class Colleague:
    """A person of a team. `skills` are category codes, none means all; `load` is the number of open owned tickets."""

    user_id: int
    skills: frozenset[str] = frozenset()
    load: int = 0


def gone_since(service: Calendar, now: datetime, after: timedelta = OFFLINE_AFTER) -> datetime:
    """Whoever was last seen before this instant (UTC) has been away for 30 minutes (`after`) of service hours.

    Minutes outside the service hours do not count: at 08:05 nobody is away because of the night.
    """
    left, day = after, local_date(now)
    for offset in range(SEARCH_DAYS + 1):
        for opens, closes in reversed(open_spans(service, day - offset * ONE_DAY)):
            until = min(closes, now)
            if until - opens >= left:
                return until - left
            left -= max(until - opens, timedelta())
    raise ValueError(f"fewer than {after} of service in {SEARCH_DAYS} days")


def choose(team: Iterable[Colleague], category: str, first_owner_id: int | None = None) -> int | None:
    """Who gets a new ticket: the complainant's first owner, else of those who know the category the least loaded.

    `team` holds only people who are there. Of equals the one whose account is older; None where nobody fits.
    """
    there = {person.user_id: person for person in team}
    if first_owner_id in there:
        return first_owner_id
    able = [person for person in there.values() if not person.skills or category in person.skills]
    chosen = min(able, key=lambda person: (person.load, person.user_id), default=None)
    return chosen.user_id if chosen else None
