"""The day's new tickets by hour as a small chart of bars, drawn on the server: it prints and needs no script."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.domain.calendars import SHANGHAI
from app.web.context import translate as _

WIDTH, HEIGHT = 14, 34  # of a bar's place; of the highest bar
HOURS = 24


def chart(hours: Mapping[int, int], now: datetime) -> dict[str, Any]:
    """Bars with their numbers; `says` is the same in words, for whoever hears the page."""
    most, total, current = max(hours.values(), default=0), sum(hours.values()), now.astimezone(SHANGHAI).hour
    return {
        "bars": [_bar(hour, hours.get(hour, 0), most, hour == current) for hour in range(HOURS)],
        "width": WIDTH * HOURS, "total": total, "says": _said(hours, most, total),
    }  # fmt: skip


def _bar(hour: int, n: int, most: int, current: bool) -> dict[str, Any]:
    height = max(2, round(HEIGHT * n / most)) if n else 0
    step = 3 if n * 3 > most * 2 else 2 if n * 3 > most else 1
    return {
        "x": hour * WIDTH, "middle": hour * WIDTH + WIDTH // 2, "y": HEIGHT + 12 - height, "height": height,
        "n": n or "", "above": HEIGHT + 10 - height, "label": f"{hour:02d}" if hour % 3 == 0 else "", "step": step,
        "current": current, "title": f"{hour:02d}:00–{hour:02d}:59 · {n}",
    }  # fmt: skip


def _said(hours: Mapping[int, int], most: int, total: int) -> str:
    if not total:
        return _("No new ticket today so far")
    hour = min(hour for hour, n in hours.items() if n == most)
    return _(
        "New tickets today: %(n)s; most of them, %(most)s, from %(hour)s:00 on", n=total, most=most, hour=f"{hour:02d}"
    )
