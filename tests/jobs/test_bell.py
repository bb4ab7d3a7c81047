"""The bell between web and worker may break: nothing waits for it, nothing is lost without it."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from rq import Queue

from app import clock
from app.extensions import queue, redis_client
from app.jobs import exports, schedule, sends
from app.services import replies, sweep
from app.services.outbox import Result
from app.services.replies import ResultIn
from tests import invariant
from tests.cast import NOON, assemble, post, push, ticket


@pytest.fixture
def bell(app, database):
    """Point the portal at another Redis; gives the function that does it."""
    known = app.extensions["kuaifu"]

    def point(url: str) -> None:
        app.extensions["kuaifu"] = replace(known, redis_url=url)

    yield point
    app.extensions["kuaifu"] = known
    sends._silent_until.clear()


def test_a_dead_redis_stops_no_reply_and_no_overdue_flag(bell, db_session):
    bell("redis://127.0.0.1:9/0")
    cast = assemble()
    answered, waiting = push(cast, "W1"), push(cast, "W2")
    replies.claim(actor=cast["site"], post=post(answered), now=NOON)
    sends.ring()
    sweep.run(db_session, NOON.replace(hour=5))
    assert ticket(db_session, answered).state == "in_progress"
    assert ticket(db_session, waiting).overdue


def test_a_redis_that_hangs_is_asked_once_and_then_left_alone(bell, app, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bell(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        asked = []
        real = sends.queue
        monkeypatch.setattr(sends, "queue", lambda url, name: asked.append(url) or real(url, name))
        with app.app_context():
            for _ in range(5):
                sends.ring()
    assert len(asked) == 1


def test_a_redis_that_was_wiped_is_rung_again_by_the_relay_and_what_waits_leaves_once(
    app, db_session, redis_url, monkeypatch
):
    cast = assemble()
    answer = ResultIn(text="已处理", contact_outcome="reached_accepts")
    replies.result(actor=cast["site"], post=post(push(cast)), answer=answer, now=NOON)
    monkeypatch.setattr(clock, "now", lambda: NOON)
    said = []
    monkeypatch.setattr(sends, "_send", lambda row, material: said.append(row.id) or Result("sent"))
    lane, client = queue(redis_url), redis_client(redis_url)
    client.flushdb()  # whatever others have rung for
    with app.app_context():
        sends.ring()
        assert lane.count == 1
        client.flushdb()
        assert lane.count == 0
        schedule.relay()
        assert lane.count == 1
        assert [job.func_name for job in lane.jobs] == ["app.jobs.sends.drain"]
        assert sends.deliver_due() == 1 and sends.deliver_due() == 0
        client.flushdb()
        schedule.relay()
        assert lane.count == 0  # nothing waits any more
    assert len(said) == 1 and invariant.broken(db_session) == []


def test_an_answer_that_raises_whatever_it_is_lets_the_others_leave(app, database, db_session, monkeypatch):
    cast, said = assemble(), []
    answer = ResultIn(text="已处理", contact_outcome="reached_accepts")
    for code in ("W1", "W2"):
        number = push(cast, code, waybill=f"YT{code}00000000000")
        replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    monkeypatch.setattr(clock, "now", lambda: NOON)

    def odd(row, _material):
        said.append(row.id)
        if len(said) == 1:
            raise OverflowError("odd")
        return Result("sent")

    monkeypatch.setattr(sends, "_send", odd)
    with app.app_context():
        sends.deliver_due()
    assert len(set(said)) == 2


def test_a_bell_that_is_off_costs_nothing_and_says_nothing(bell, app, caplog):
    bell("")
    with app.app_context():
        sends.ring()
    assert not caplog.records


def test_rings_before_a_job_begins_are_one_job_and_after_it_has_begun_the_bell_is_heard_again(app, redis_url):
    lane, client = queue(redis_url), redis_client(redis_url)
    client.flushdb()
    with app.app_context():
        for _ in range(5):
            sends.ring()
        assert lane.count == 1
        sends.hear()
        sends.ring()
        assert lane.count == 2


def test_each_export_that_waits_may_have_a_worker_of_its_own(app, redis_url):
    redis_client(redis_url).flushdb()
    with app.app_context():
        sends.ring()
        for _ in range(3):
            exports.ring()
    assert (queue(redis_url).count, queue(redis_url, exports.LANE).count) == (1, 3)


def test_a_job_that_could_not_be_put_there_is_rung_for_again_by_the_next(app, redis_url, monkeypatch):
    redis_client(redis_url).flushdb()
    with monkeypatch.context() as away, app.app_context():
        away.setattr(Queue, "enqueue", lambda *_told, **_named: 1 / 0)
        sends.ring()
    sends._silent_until.clear()  # another process
    with app.app_context():
        sends.ring()
    assert queue(redis_url).count == 1


def test_a_redis_that_goes_away_keeps_no_job_from_its_work(bell, app, monkeypatch):
    bell("redis://127.0.0.1:9/0")
    monkeypatch.setattr(sends, "application", lambda: app)
    monkeypatch.setattr(sends, "deliver_due", lambda: 7)
    assert sends.drain() == 7


def test_a_bell_whose_job_was_lost_is_forgotten_by_itself(app, redis_url):
    client = redis_client(redis_url)
    client.flushdb()
    with app.app_context():
        sends.ring()
    left = [client.pttl(key) for key in client.keys(sends.RUNG)]
    assert len(left) == 1 and 0 < left[0] <= sends.RUNG_FOR


def test_what_is_stored_while_a_job_looks_for_work_is_rung_for(app, redis_url, monkeypatch):
    redis_client(redis_url).flushdb()
    monkeypatch.setattr(sends, "application", lambda: app)
    monkeypatch.setattr(sends, "deliver_due", lambda: sends.ring() or 0)  # somebody stores and rings right then
    with app.app_context():
        sends.ring()
        sends.drain()
        assert queue(redis_url).count == 2
