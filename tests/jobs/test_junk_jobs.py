"""A worker outlives jobs in its queue that are none, and does the work behind them."""

from __future__ import annotations

import pytest
from redis import Redis
from rq.exceptions import StopRequested
from sqlalchemy import select

import worker
from app.models import Outbox
from app.models.ids import new_id
from tests.cast import NOON
from tests.jobs.test_orderly_stop import started, until

pytestmark = pytest.mark.thorough


def test_a_worker_outlives_junk_in_its_queue_and_sends_what_waits_behind_it(
    app, database, engine_url, redis_url, db_session, tmp_path
):
    from app.extensions import queue

    db_session.add(Outbox(
        id=new_id(), kind="sms", key="stage-1", lane="phone:1", next_try_at=NOON, created_at=NOON,
        payload={"phone": "13800000001", "template": "reminder", "variables": {"count": "1", "clock": "accept"}},
    ))  # fmt: skip
    db_session.commit()
    junk = Redis.from_url(redis_url)
    junk.hset("rq:job:unreadable", mapping={"data": b"\x00junk", "created_at": "never"})
    junk.rpush("rq:queue:sends", "unreadable", "nowhere", "unreadable")

    def sent() -> bool:
        db_session.rollback()
        return db_session.scalar(select(Outbox.state)) == "sent"

    with started(["worker.py"], engine_url, tmp_path, REDIS_URL=redis_url) as process:
        queue(redis_url).enqueue("app.jobs.sends.drain", result_ttl=0)
        until(sent, "what waited behind the junk is sent")
        assert process.poll() is None
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.engine_free  # a loop around RQ, without a database
@pytest.mark.parametrize("at", ["work", "pause"])
def test_a_stop_between_two_rounds_ends_the_worker_in_order(monkeypatch, at):
    done = []

    def stopped(*_arguments):
        raise StopRequested

    monkeypatch.setattr(worker, "work", stopped if at == "work" else lambda *_arguments: bool(done.append(1)))
    monkeypatch.setattr(worker.time, "sleep", stopped if at == "pause" else pytest.fail)
    worker.serve("redis://127.0.0.1:9/0", "sends")
    assert len(done) == (1 if at == "pause" else 0)
