"""The bell between web and worker may break: nothing waits for it, nothing is lost without it."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from app.jobs import sends
from app.services import replies, sweep
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


def test_a_bell_that_is_off_costs_nothing_and_says_nothing(bell, app, caplog):
    bell("")
    with app.app_context():
        sends.ring()
    assert not caplog.records
