"""The words of the analysis pages."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table


@table
def errors() -> dict[str, str]:
    """What is wrong with a range of days."""
    return {
        "in_the_future": _("This day lies in the future"),
        "range_too_long": _("At most 92 days at once"),
    }


@table
def weekdays() -> dict[int, str]:
    """The days of the week from Monday on."""
    return {
        0: _("Mon"), 1: _("Tue"), 2: _("Wed"), 3: _("Thu"), 4: _("Fri"), 5: _("Sat"), 6: _("Sun"),
    }  # fmt: skip


@table
def steps() -> dict[str, str]:
    """By what a trend is stepped."""
    return {"day": _("By day"), "week": _("By week"), "month": _("By month")}


@table
def changes() -> dict[str, str]:
    """What kind of rule was changed."""
    return {
        "policy": _("Time limits"), "penalty": _("Penalty rule"), "scoring": _("Scoring"), "audit": _("Audit policy"),
        "rectification": _("Thresholds of rectification"),
    }  # fmt: skip
