"""What grows without an end: tickets that ended long ago move into the archive, at night and a little at a time, so
that deadlines go on in between; and the next months of events are made ahead."""

from __future__ import annotations

import time

from flask import current_app

from app import clock
from app.domain import archive as rule
from app.services import archive, partitions

TURN = 4.0  # seconds


def nightly() -> int:
    """Move what is due (ARCHIVE_MONTHS) for some seconds, between one and five in the morning; how many tickets."""
    months, now = current_app.extensions["kuaifu"].archive_months, clock.now()
    if not months or not rule.at_night(now):
        return 0
    until = time.monotonic() + TURN
    return archive.run(months=months, now=now, going=lambda: time.monotonic() < until).moved


def months_ahead() -> int:
    """Make the partitions of the months to come; how many."""
    return len(partitions.ahead(clock.now()))
