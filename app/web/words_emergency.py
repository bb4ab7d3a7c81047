"""Words for emergency mode."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table

SILENT = frozenset({"clock_paused", "clock_resumed"})


@table
def limits() -> dict[str, str]:
    """The limits that a period may state."""
    return {
        "accept": _("Accept"),
        "first_reply": _("First reply"),
        "resolve": _("Result"),
        "rework": _("Result after a return"),
        "close": _("Close ticket"),
        "party_reply": _("Party's answer"),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with a field, or why something is refused."""
    return {
        "not_minutes": _("Whole minutes, at most 30 days"),
        "too_long_span": _("At most 31 days"),
        "emergency_over": _("This period is over already"),
    }


@table
def events() -> dict[str, str]:
    """The thread."""
    return {
        "emergency_pause": _("Emergency mode: the site's clocks stand still"),
        "emergency_over": _("Emergency mode over: the site's clocks run on"),
    }
