"""Asks the platforms that do not push: page by page from the last to the first, each stored before the next.

Runs in a thread beside the schedule: a slow platform delays no deadline, and no Redis is needed.
"""

from __future__ import annotations

import logging
import math
import threading
import time

from flask import Flask, current_app

from app import clock, failpoints
from app.extensions import db
from app.integrations.platform.driver import Page
from app.integrations.platform.errors import PlatformError
from app.jobs import arrivals
from app.services import intake, polls
from app.services.intake import Arrival, Conflict
from app.services.polls import Lost, Turn
from app.services.transaction import DATABASE_AWAY

log = logging.getLogger(__name__)
TICKET = "TICKET"  # the message type of a polled row before it is read
SECONDS = 40  # then the next turn of the schedule goes on
_running = threading.Lock()


def begin() -> bool:
    """Start reading where something is due and nobody here is at it; True when a thread was started."""
    due = polls.due(db.session(), clock.now(), arrivals.polled())
    db.session.rollback()
    if not due or not _running.acquire(blocking=False):
        return False
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    threading.Thread(target=_read_all, args=(app,), name="polls", daemon=True).start()
    return True


def _read_all(app: Flask) -> None:
    try:
        with app.app_context():
            read_due()
    except Exception:
        log.exception("polls: stopped")
    finally:
        _running.release()


def read_due() -> int:
    """Read windows of the connections that are due until all have caught up, for at most 40 s; how many were done."""
    until, done = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        ids = polls.due(db.session(), clock.now(), arrivals.polled())
        db.session.rollback()
        read = sum(read_one(connection_id, until) == "done" for connection_id in ids)
        done += read
        if not read:
            break
    return done


def read_one(connection_id: int, until: float = math.inf) -> str:
    """Read one window of a connection to its end: done, failed (to be tried again from the same page), lost or busy.

    After `until` (of the monotonic clock) it is left at the next page: paused. A platform that counts ever more rows
    does not keep us from the others.
    """
    turn = polls.claim(connection_id=connection_id, now=clock.now())
    if turn is None:
        return "busy"
    failpoints.reach("poll.claimed")
    try:
        return _read_window(turn, until)
    except PlatformError as error:
        log.warning("polls: %s: %s", turn.door.code, error.code)
        return _failed(turn, error)
    except Lost:
        return "lost"


def _failed(turn: Turn, error: PlatformError) -> str:
    try:
        polls.failed(
            turn=turn, code=error.code, text=error.text, now=clock.now(), retry_after=error.retry_after
        )  # fmt: skip
    except Lost:
        return "lost"
    return "failed"


def _read_window(turn: Turn, until: float) -> str:
    left: Turn | None = turn
    if turn.page is None:
        left = polls.counted(turn=turn, total=_page(turn, 1).total, now=clock.now())
        failpoints.reach("poll.counted")
    while left is not None:
        page = _page(left, left.page or 1)
        failpoints.reach("poll.fetched")
        for row in page.rows:
            _store(left, row)
            failpoints.reach("poll.row")
        failpoints.reach("poll.stored")
        left = polls.stored(turn=left, total=page.total, rows=len(page.rows), now=clock.now())
        failpoints.reach("poll.moved")
        if left is not None and time.monotonic() >= until:
            polls.paused(turn=left, now=clock.now())
            return "paused"
    return "done"


def _page(turn: Turn, number: int) -> Page:
    fetch = arrivals.driver_of(turn.door).page
    assert fetch is not None  # noqa: S101 - only such connections are due
    return fetch(arrivals.wire_of(turn.door), turn.begin, turn.end, number, turn.size)


def _store(turn: Turn, row: bytes) -> None:
    """One row, in transactions of its own. What cannot be taken is kept aside: one bad row holds up no other."""
    arrival = Arrival(turn.door.id, TICKET, row, clock.now())
    try:
        arrivals.take_or_keep(turn.door, arrival)
    except Conflict:
        log.warning("polls: %s: conflict", turn.door.code)  # kept aside by the intake
    except DATABASE_AWAY:
        raise PlatformError("database") from None
    except Exception as error:  # whatever it is: read again it would be the same, and hold up the page for ever
        db.session.rollback()
        log.exception("polls: %s: a row was not taken", turn.door.code)
        intake.quarantine(arrival=arrival, error=f"not_taken:{type(error).__name__}")
