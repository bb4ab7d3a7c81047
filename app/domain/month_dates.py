"""The days of a month's close (rulebook 5 "Month close"): all defaults (D), in Shanghai."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.domain.calendars import at_local, is_working_day, local_date, month_bounds

DRAFT_AT = time(2, 0)
ANALYSIS_DAY, DECISION_DAY = 3, 5  # working days
FREEZE_DAY = 6
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Dates:
    """When the drafts are made, until when analyses and contests are taken and decided (ends, excluded), and from when
    the month may be frozen."""

    drafts: datetime
    analysis_until: datetime
    decided_until: datetime
    freeze_from: datetime


def dates_of(month: str, days: Mapping[date, bool]) -> Dates:
    """The days of a month "YYYY-MM"; `days` are holidays and make-up days. Raises ValueError if malformed."""
    first = local_date(month_bounds(month)[1])
    return Dates(
        at_local(first, DRAFT_AT), _end_of(first, ANALYSIS_DAY, days), _end_of(first, DECISION_DAY, days),
        freeze_from(month),
    )  # fmt: skip


def freeze_from(month: str) -> datetime:
    """The first instant at which the month may be frozen: the 6th of the following one."""
    return at_local(local_date(month_bounds(month)[1]).replace(day=FREEZE_DAY), time(0))


def _end_of(first: date, n: int, days: Mapping[date, bool]) -> datetime:
    """The end of the n-th working day from `first` on, that day included."""
    day, left = first, n
    while True:
        left -= is_working_day(days, day)
        if left <= 0:
            return at_local(day + DAY, time(0))
        day += DAY
