"""One row of the outbox that goes to a group robot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy.orm import Session

from app import clock
from app.integrations.robots import RobotClient, RobotError
from app.models import Outbox
from app.services import robots
from app.services.outbox import Result
from app.services.robots import Message


@dataclass(frozen=True)
class RobotResult(Result):
    """A result with the seconds to wait at least before another try."""

    pause: int = 0


def client() -> RobotClient:
    """What speaks to the vendors; a test puts one for this machine in its place."""
    return RobotClient()


def prepare(session: Session, row: Outbox) -> Message:
    """What the driver needs."""
    return robots.message(session, row, current_app.extensions["kuaifu"].secret_key, clock.now())


def send(row: Outbox, message: Message) -> Result:
    """Post a message. Only what surely reached nobody may be tried again."""
    if message.fault:
        return RobotResult("refused", code=message.fault)
    if row.lease_until is not None and clock.now() >= row.lease_until:
        return RobotResult("unknown", code="lease_over")  # this worker slept; the row belongs to another
    try:
        client().send(message.vendor, message.token, message.text, secret=message.secret, now=clock.now())
    except RobotError as error:
        return RobotResult(error.outcome, code=error.code, pause=error.pause)
    return RobotResult("sent")


def query(row: Outbox, message: Message) -> Result:
    """A robot cannot be asked what it has posted: what may have arrived stays unknown and is not sent again."""
    return RobotResult("unknown", code="never_asked")


def settle(session: Session, row: Outbox, result: Result, now: datetime) -> None:
    """What is unknown stays so, visibly; what arrived nowhere waits for the pause that the vendor wants."""
    if row.state == "unknown":
        row.next_try_at = None
    elif row.state == "pending" and row.next_try_at is not None:
        pause = result.pause if isinstance(result, RobotResult) else 0
        row.next_try_at = max(row.next_try_at, now + timedelta(seconds=pause))
