"""GET /healthz: degraded is 200; only an unusable database or a pending migration is 503."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from app import clock
from app.models import Outbox
from app.services import health
from app.services.transaction import write

# Each engine fails in its own way, and has its own table of versions.
pytestmark = pytest.mark.both_engines

NOW = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """A clock that the test sets."""
    instant = [NOW]
    monkeypatch.setattr(clock, "now", lambda: instant[0])
    return instant


def beat(*processes):
    for process in processes:
        health.beat(process=process, now=NOW)


def test_all_is_well(client):
    beat("worker", "scheduler")
    beat("worker")
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok", "database": "ok", "queue": "ok", "worker": "ok", "scheduler": "ok", "outbox_backlog": 0,
    }  # fmt: skip


def test_a_process_that_is_silent_degrades(client, now):
    beat("worker")
    now[0] += timedelta(seconds=31)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    assert (answer.json["worker"], answer.json["scheduler"]) == ("stale", "missing")


def test_the_backlog_counts_what_still_has_a_next_try(client):
    with write() as session:
        for key, next_try_at in (("a", NOW), ("b", NOW), ("c", None)):
            session.add(Outbox(kind="sms", key=key, lane=key, payload={}, next_try_at=next_try_at, created_at=NOW))
    assert client.get("/healthz").json["outbox_backlog"] == 2


def test_a_queue_that_is_down_degrades(client, monkeypatch):
    from app.web import health as page

    class Down:
        def ping(self):
            raise ConnectionError

    beat("worker", "scheduler")
    monkeypatch.setattr(page, "redis_client", lambda _url: Down())
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["status"], answer.json["queue"]) == (200, "degraded", "down")


def test_an_unusable_database_is_503(client, monkeypatch):
    def away(*_arguments):
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(health, "report", away)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["database"]) == (503, "unusable")
    assert answer.json["outbox_backlog"] is None


def test_a_pending_migration_is_503(client, monkeypatch):
    monkeypatch.setattr(health, "migrations_pending", lambda *_a, **_k: True)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["database"]) == (503, "migrations pending")


def test_the_version_table_is_compared_with_the_newest_migration(app, db_session, monkeypatch):
    directory = str(app.extensions["migrate"].directory)
    monkeypatch.setattr(health, "_heads", lambda _directory: frozenset({"not-yet"}))
    assert health.migrations_pending(db_session, directory)


def test_a_cookie_does_not_make_health_depend_on_sessions(client, monkeypatch):
    from app.services import sessions

    monkeypatch.setattr(sessions, "find", lambda *_a, **_k: pytest.fail("looked up a session"))
    client.set_cookie("session", "a" * 43)
    assert client.get("/healthz").status_code == 200
