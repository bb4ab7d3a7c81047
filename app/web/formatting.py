"""Instants, days and countdowns in people's words. One object a request; always Asia/Shanghai."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR, DAY = 60, 3600, 86_400
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@lru_cache(8_192)  # lists and threads show the same instants again and again
def _local(at: datetime) -> tuple[date, str]:
    local = at.astimezone(SHANGHAI)
    return local.date(), local.isoformat(" ")[:19]


def _untranslated(text: str) -> str:
    return text


class Formatter:
    """Formats for one reader. `now` is the instant of the request; `translate` looks up one text."""

    def __init__(self, *, english: bool, now: datetime, translate: Callable[[str], str] = _untranslated) -> None:
        self.english = english
        self._now, self._today = now, now.astimezone(SHANGHAI).date()
        self._translate = translate

    def time(self, at: datetime | None) -> str:
        """Short: the hour today, day and hour this year, the day otherwise."""
        if at is None:
            return "—"
        day, full = _local(at)
        if day == self._today:
            return full[11:16]
        return full[5:16] if day.year == self._today.year else full[:10]

    def full(self, at: datetime | None) -> str:
        """To the second: 2026-11-23 14:05:09."""
        return _local(at)[1] if at else "—"

    def date(self, at: datetime | date | None) -> str:
        """The day: 2026年11月23日, 23 Nov 2026."""
        if at is None:
            return "—"
        day = at.astimezone(SHANGHAI).date() if isinstance(at, datetime) else at
        if self.english:
            return f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}"
        return f"{day.year}年{day.month}月{day.day}日"

    def month(self, month: str) -> str:
        """The month of "2026-11": 2026年11月, November 2026."""
        year, number = month.split("-")
        return f"{MONTHS[int(number) - 1]} {year}" if self.english else f"{year}年{int(number)}月"

    def left(self, due: datetime, now: datetime) -> str:
        """The countdown: 剩 12 分, 剩 1 时 40 分, 剩 31 时, 超时 18 分. A begun minute counts as left, not as late."""
        seconds = (due - now).total_seconds()
        if seconds > 0:
            return self.gettext("%(time)s left", time=self.span(-int(-seconds // MINUTE) * MINUTE))
        return self.gettext("%(time)s overdue", time=self.span(max(int(-seconds), MINUTE)))

    def minutes_since(self, at: datetime) -> int:
        """The whole minutes between an instant and the request, at least one."""
        return max(1, int((self._now - at).total_seconds()) // MINUTE)

    def span(self, seconds: float) -> str:
        """A length of time, whole minutes: up to a day in hours and minutes, then in hours, from three days in days."""
        seconds = int(seconds)
        days, hours, minutes = seconds // DAY, seconds // HOUR, seconds % HOUR // MINUTE
        if days >= 3:
            return self.gettext("%(n)s d", n=days)
        if hours >= 24 or (hours and not minutes):
            return self.gettext("%(n)s h", n=hours)
        if hours:
            return self.gettext("%(h)s h %(m)s min", h=hours, m=f"{minutes:02d}")
        return self.gettext("%(n)s min", n=minutes)

    def gettext(self, text: str, **values: object) -> str:
        """One text of this reader; the name lets the extractor of texts find its callers."""
        return self._translate(text) % values
