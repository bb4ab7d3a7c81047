"""A worker that is killed at a random instant loses nothing: its job is done or parked as unknown within two leases."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models import Event, Outbox
from app.models.ids import new_id
from app.services import callbacks, outbox, replies
from app.services.outbox import Result
from app.services.replies import ResultIn
from tests import invariant
from tests.cast import NOON, Cast, post, push
from tests.soak.crew import size

pytestmark = pytest.mark.thorough

LEASE = 60
KILLS = size(12, 200)  # of each kind of job, SMS and answer


class Outside:
    """A gateway and a platform in a file that outlives the worker: one line for each message that was accepted."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.touch()

    def send(self, row: Outbox, material: Any) -> Result:
        with self.file.open("a") as lines:
            lines.write(json.dumps([row.id, material[1]["operate_time"] if material else ""]) + "\n")
        time.sleep(0.002)  # the answer is under way
        return Result("sent", external_id=str(row.id))

    def query(self, row: Outbox, material: Any) -> Result:
        return Result("sent") if self.of(row.id) else self.send(row, material)

    def of(self, row_id: int) -> list[str]:
        return [said for one, said in map(json.loads, self.file.read_text().splitlines()) if one == row_id]


def settle(session: Any, row: Outbox, result: Result, now: datetime) -> None:
    if row.kind == "callback" and result.state == "sent":
        callbacks.accepted(session, row, now)


def deliver(row_id: int, outside: Outside, now: datetime) -> str:
    def prepare(session: Any, row: Outbox) -> Any:
        return callbacks.message(session, row) if row.kind == "callback" else None

    return outbox.deliver(row_id, send=outside.send, query=outside.query, prepare=prepare, settle=settle, lease=LEASE,
                          clock=lambda: now)  # fmt: skip


def killed_after(act: Callable[[], Any], seconds: float) -> bool:
    """A process of its own does it and is killed (SIGKILL) so much later; whether it was still at it."""
    db.session.remove()
    db.engine.dispose()
    ready, says = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            db.session.connection()  # the connection is there, as in a worker that waits
            db.session.rollback()
            os.write(says, b"!")
            act()
        finally:
            os._exit(0)
    os.close(says)
    os.read(ready, 1)
    os.close(ready)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def an_sms(session: Any, _cast: Cast, n: int) -> int:
    row = Outbox(id=new_id(), kind="sms", key=f"k{n}", lane=f"phone:{n}", payload={}, next_try_at=NOON, created_at=NOON)
    session.add(row)
    session.commit()
    return row.id


def an_answer(session: Any, cast: Cast, n: int) -> int:
    answer = ResultIn(text="已处理", contact_outcome="reached_accepts")
    replies.result(actor=cast["site"], post=post(push(cast, f"W{n}")), answer=answer, now=NOON)
    session.rollback()
    return session.scalar(select(func.max(Outbox.id)).where(Outbox.kind == "callback"))


@pytest.mark.parametrize(("make", "most"), [(an_sms, 1), (an_answer, 2)], ids=["sms", "answer"])
def test_killed_at_random_instants_each_job_is_resumed_or_unknown_within_two_leases(
    cast: Cast, db_session: Any, tmp_path: Path, make: Callable[..., int], most: int
) -> None:
    outside, draw = Outside(tmp_path / "outside.jsonl"), random.Random(make.__name__)
    begun = time.monotonic()
    deliver(make(db_session, cast, 0), outside, NOON)
    usual = time.monotonic() - begun
    found, killed = [], 0
    for n in range(1, KILLS + 1):
        row_id = make(db_session, cast, n)
        killed += killed_after(lambda one=row_id: deliver(one, outside, NOON), draw.uniform(0, 1.2 * usual))
        db_session.rollback()
        found.append(db_session.get_one(Outbox, row_id, populate_existing=True).state)
        resumed(db_session, row_id, outside)
        assert 1 <= len(outside.of(row_id)) <= most and len(set(outside.of(row_id))) == 1
    taken = db_session.scalar(select(func.count()).where(Event.type == "callback_taken"))
    assert taken == (KILLS + 1 if make is an_answer else 0)
    assert killed > KILLS / 3
    assert invariant.broken(db_session) == []
    print(
        f"{KILLS} kills within {usual * 1000:.0f} ms, {killed} at work; left as { ({s: found.count(s) for s in set(found)}) }"
    )


def resumed(session: Any, row_id: int, outside: Outside) -> None:
    """Another worker looks once a lease: after two of them the row is sent, or parked where everybody sees it."""
    for n in (1, 2):
        now = NOON + timedelta(seconds=(LEASE + 1) * n)
        if row_id in outbox.due(session, now, limit=10_000):
            session.rollback()
            deliver(row_id, outside, now)
    session.rollback()
    row = session.get_one(Outbox, row_id, populate_existing=True)
    assert row.state == "sent" or (row.state == "unknown" and row.next_try_at is not None), row.state
