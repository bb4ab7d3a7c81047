"""Delivers the outbox: picks the driver for each row and hands it to the service."""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import Any

from flask import Flask, current_app
from redis import RedisError
from rq.timeouts import BaseTimeoutException
from sqlalchemy.orm import Session

from app import clock
from app.extensions import db, queue, redis_client
from app.integrations.platform.errors import PlatformError
from app.jobs import arrivals, gateways, robots
from app.models import Outbox
from app.services import callbacks, connections, outbox
from app.services.outbox import Result
from app.services.transaction import DATABASE_AWAY

log = logging.getLogger(__name__)
SECONDS = 40
RUNG, RUNG_FOR = "kuaifu:rung", 2000  # what remembers a bell, and for how many ms if its job is lost
SILENCE = 15.0  # seconds without ringing after the bell failed

_silent_until: dict[str, float] = {}


def ring() -> None:
    """Tell the workers that something is to be sent. While a job waits that nobody has begun, nothing is said: it will
    find what is stored by now."""
    call("sends", "app.jobs.sends.drain", 120, once=True)


def call(lane_name: str, entry: str, timeout: int, *, once: bool = False) -> None:
    """Put a job into a lane; with `once`, unless one waits there. Without Redis nothing is lost: the relay finds the
    rows. After a failure the bell is left alone for a while, so that a Redis that hangs delays one reply and not all.
    """
    config = current_app.extensions["kuaifu"]
    if time.monotonic() < _silent_until.get(config.redis_url, 0.0):
        return
    try:
        lane = queue(config.redis_url, lane_name)
        if lane is not None and (not once or lane.connection.set(RUNG, 1, nx=True, px=RUNG_FOR)):
            _put(lane, entry, timeout)
    except Exception as error:
        _silent_until[config.redis_url] = time.monotonic() + SILENCE
        log.warning("bell silent: %s", type(error).__name__)


def _put(lane: Any, entry: str, timeout: int) -> None:
    try:
        lane.enqueue(entry, result_ttl=0, failure_ttl=3600, job_timeout=timeout)
    except Exception:
        lane.connection.delete(RUNG)  # or others would take it for rung; where it was, they ring once more
        raise


def hear() -> None:
    """A job begins: whatever is stored from now on is rung for again. To be called before it looks for anything. A
    Redis that is away keeps nobody from the work; the mark ends by itself."""
    client = redis_client(current_app.extensions["kuaifu"].redis_url)
    try:
        if client is not None:
            client.delete(RUNG)
    except RedisError as error:
        log.warning("bell not answered: %s", type(error).__name__)


@cache
def application() -> Flask:
    """One application a worker process."""
    from app import create_app

    return create_app()


def drain() -> int:
    """RQ entry point: deliver what is due, for at most 40 s; the number of rows tried."""
    with application().app_context():
        hear()
        return deliver_due()


def deliver_due() -> int:
    """Deliver due rows of the present application until none is left or the time is up."""
    until, tried = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        ids = outbox.due(db.session(), clock.now())
        db.session.rollback()
        if not ids:
            break
        for row_id in ids:
            _safely(row_id)
            tried += 1
    return tried


def _safely(row_id: int) -> None:
    """A row that raises is reported and taken again after its lease; what stands behind it leaves meanwhile."""
    try:
        deliver_one(row_id)
    except (*DATABASE_AWAY, BaseTimeoutException):
        raise
    except Exception:
        log.exception("sends: row %s waits for its lease", row_id)
        db.session.rollback()


def deliver_one(row_id: int) -> str:
    """Deliver one row with the right driver; its new state."""
    config = current_app.extensions["kuaifu"]
    return outbox.deliver(
        row_id, send=_send, prepare=_prepare, settle=_settle, lease=config.outbox_lease, clock=clock.now,
        query=_query,
    )  # fmt: skip


def _prepare(session: Session, row: Outbox) -> Any:
    if row.kind == "callback":
        connection, message = callbacks.message(session, row)
        return connections.door_of(connection), message
    return robots.prepare(session, row) if row.kind == "robot" else gateways.prepare(session, row)


def _send(row: Outbox, material: Any) -> Result:
    if row.kind == "robot":
        return robots.send(row, material)
    return _callback(material) if row.kind == "callback" else gateways.send(row, material)


def _query(row: Outbox, material: Any) -> Result:
    return robots.query(row, material) if row.kind == "robot" else gateways.query(row, material)


def _callback(material: Any) -> Result:
    door, message = material
    try:
        answer = arrivals.driver_of(door).answer(message, arrivals.wire_of(door))
    except KeyError:
        return Result("retry", code="no_driver")
    except PlatformError as error:
        return Result("refused" if error.permanent else "retry", code=error.code, text=error.text)
    if answer.ok:
        return Result("sent")
    return Result("refused", code=answer.error_code, text=answer.error_msg)


def _settle(session: Session, row: Outbox, result: Result, now: Any) -> None:
    if row.kind == "robot":
        robots.settle(session, row, result, now)
    elif row.kind != "callback":
        gateways.settle(session, row, result, now)
    elif result.state == "sent":
        callbacks.accepted(session, row, now)
    else:
        callbacks.failing(session, row)
        if row.state == "failed":
            callbacks.refused(session, row, result.code, result.text, now)
