"""The end of a complaint: from when a superior may close it, and why one may be withdrawn (rulebook 3.9, 3.11, 7.7)."""

from __future__ import annotations

from datetime import datetime, timedelta

INTERVENES_AFTER = timedelta(hours=4)  # rulebook 3.9: "from close due + 4 h"
HELP_OPEN, NO_CLOSE_CLOCK, TOO_EARLY, NOT_URGED = "help_open", "no_close_clock", "too_early", "not_urged"
WITHDRAWALS = ("by_phone", "in_writing", "by_mistake", "duplicate")


def intervention_from(close_due: datetime) -> datetime:
    """The first instant at which a superior may close a ticket in the site's place."""
    return close_due + INTERVENES_AFTER


def hindrance(
    now: datetime, *, close_started: datetime | None, close_due: datetime | None, urged_at: datetime | None,
    help_open: bool,
) -> str:  # fmt: skip
    """What stands against an intervention: "help_open", "no_close_clock" (it has not begun), "too_early", "not_urged";
    "" for nothing.

    An urge counts from the start of the close clock on: one before it was about something else.
    """
    if help_open:
        return HELP_OPEN
    if close_started is None or close_due is None:
        return NO_CLOSE_CLOCK
    if now < intervention_from(close_due):
        return TOO_EARLY
    return NOT_URGED if urged_at is None or urged_at < close_started else ""
