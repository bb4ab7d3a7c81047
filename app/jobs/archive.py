"""Moves tickets that ended long ago into the archive, at night and a little at a time: deadlines go on in between."""

from __future__ import annotations

import time

from flask import current_app

from app import clock
from app.domain import archive as rule
from app.services import archive

TURN = 2.0  # seconds


def nightly() -> int:
    """Move what is due (ARCHIVE_MONTHS) for some seconds, between one and five in the morning; how many tickets."""
    months, now = current_app.extensions["kuaifu"].archive_months, clock.now()
    if not months or not rule.at_night(now):
        return 0
    until = time.monotonic() + TURN
    return archive.run(months=months, now=now, going=lambda: time.monotonic() < until).moved
