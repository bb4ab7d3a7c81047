"""The database locked, full, away, out of connections, or undoing one of two: nothing half stored, and said in time."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from app import clock, create_app
from app.config import Config
from app.extensions import db
from app.models import Event, FreeText, Inbox, Outbox, PlatformOrder, PushKey, Submission, Ticket
from app.services import desk, intake, transaction
from app.services.transaction import MOST_AGAIN
from tests import invariant
from tests.cast import NOON, Cast, begin, push
from tests.web.pushing import Door, issue
from tests.web.stage import Stage

TAKEN = {"success": True, "errorCode": "", "errorMsg": ""}
AGAIN = {"success": False, "errorCode": "TRY_AGAIN", "errorMsg": "TRY_AGAIN"}
TABLES = (Inbox, PushKey, Ticket, Event, FreeText, PlatformOrder, Outbox, Submission)


@pytest.fixture
def door(app: Any, database: Any, monkeypatch: Any) -> Door:
    entry = Door(app, begin(), [NOON])
    monkeypatch.setattr(clock, "now", lambda: entry.now[0])
    monkeypatch.setattr("tests.web.stage.NOW", NOON)
    return entry


def stored(session: Any) -> list[int]:
    session.rollback()
    return [session.scalar(select(func.count()).select_from(table)) for table in TABLES]


def answering(app: Any, company: Cast, number: str) -> Callable[[], Any]:
    """What sends a clerk's answer, as often as wanted with the same one-time key."""
    stage = Stage(app, company)
    browser = stage.browser("site")
    form = {
        "csrf_token": stage.csrf, "submission_key": "once", "text": "已联系客户并送达", "confirmed": "1",
        "contact_outcome": "reached_accepts", "finding_signed_by": "本人", "finding_action_taken": "redelivered",
    }  # fmt: skip
    return lambda: browser.post(f"/tickets/{number}/result", data=form)


def refused(answer: Any) -> None:
    """As the platform is told: once more, after some seconds, and in its own words."""
    assert (answer.status_code, answer.json, answer.headers["Retry-After"]) == (503, AGAIN, "5")


@contextmanager
def every_connection(pragma: str, after: str) -> Iterator[None]:
    """SQLite under another setting."""

    def suit(connection: Any, *_rest: Any) -> None:
        connection.execute(pragma)

    engine = db.engine
    event.listen(engine, "checkout", suit)
    try:
        yield
    finally:
        event.remove(engine, "checkout", suit)
        engine.dispose()
        if after:
            with engine.connect() as connection:
                connection.exec_driver_sql(after)


@contextmanager
def locked(url: str) -> Iterator[sqlite3.Connection]:
    """Somebody outside holds the file."""
    holder = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield holder
    finally:
        if holder.in_transaction:
            holder.execute("ROLLBACK")
        holder.close()


# --- SQLite: locked, full ---


@pytest.mark.sqlite_only
def test_a_file_that_is_locked_for_three_seconds_is_waited_for(door: Door, db_session: Any, engine_url: str) -> None:
    db_session.rollback()
    assert db_session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar() == 15_000
    db_session.rollback()
    with locked(engine_url) as holder:
        threading.Timer(3, lambda: holder.execute("ROLLBACK")).start()
        begun = time.monotonic()
        answer = door.push(issue("W1"))
        waited = time.monotonic() - begun
    assert (answer.status_code, answer.json) == (200, TAKEN) and waited > 2.5
    assert stored(db_session)[2] == 1


@pytest.mark.sqlite_only
def test_a_file_that_is_locked_for_longer_is_503_with_the_reason_for_platforms_and_people(
    app: Any, door: Door, db_session: Any, engine_url: str
) -> None:
    number = push(door.company)
    send = answering(app, door.company, number)
    before = stored(db_session)
    with every_connection("PRAGMA busy_timeout=100", ""):
        with locked(engine_url):
            refused(door.push(issue("W2")))
            page = send()
            assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
            assert "内容未保存，请过几秒再试。" in page.text
            assert stored(db_session) == before
        assert door.push(issue("W2")).json == TAKEN
        assert send().status_code == 303


@pytest.mark.thorough
@pytest.mark.sqlite_only
def test_a_disk_that_is_full_at_the_commit_stores_nothing_and_recovers_by_itself(door: Door, db_session: Any) -> None:
    assert door.push(issue("W0")).json == TAKEN
    before = stored(db_session)
    pages = db_session.connection().exec_driver_sql("PRAGMA page_count").scalar()
    free = db_session.connection().exec_driver_sql("PRAGMA freelist_count").scalar()
    db_session.rollback()
    full, taken = 0, 0
    with every_connection(f"PRAGMA max_page_count={pages}", "PRAGMA max_page_count=4294967294"):
        for n in range(1, 60 + 20 * free):  # until the last page is used up
            answer = door.push(issue(f"W{n}", description="没有收到" * 400))
            if answer.status_code == 503:
                refused(answer)
                full += 1
            else:
                assert answer.json == TAKEN and not full
                taken += 1
            if full == 3:
                break
        assert full == 3
        assert stored(db_session)[2] == before[2] + taken
        assert db_session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        db_session.rollback()
    assert door.push(issue(f"W{n}", description="没有收到" * 400)).json == TAKEN
    assert stored(db_session)[2] == before[2] + taken + 1
    assert invariant.broken(db_session) == []


# --- away, and out of connections ---


@contextmanager
def away() -> Iterator[None]:
    """No connection can be made any more, and those that there were are cut."""
    engine = db.engine
    error = engine.dialect.dbapi.OperationalError

    def refuse(*_what: Any) -> None:
        raise error("connection refused")

    db.session.remove()
    engine.dispose()
    event.listen(engine, "do_connect", refuse)
    try:
        yield
    finally:
        event.remove(engine, "do_connect", refuse)


def test_while_the_database_is_away_for_ten_minutes_no_push_is_told_success_and_then_each_is_stored_once(
    door: Door, db_session: Any
) -> None:
    before = stored(db_session)
    with away():
        for minute in range(11):
            door.now[0] = NOON + timedelta(minutes=minute)
            refused(door.push(issue(f"W{minute}")))
            asked = door.client.post("/intake/expedite/demo", data=b"{}", headers={"X-Data-Digest": "x"})
            assert (asked.status_code, asked.json["success"], asked.headers["Retry-After"]) == (503, False, "5")
            receipt = door.client.post("/sms/receipts/aliyun/token-of-nobody", json=[])
            assert receipt.status_code == 503 and receipt.headers["Retry-After"]
            assert door.client.get("/healthz").status_code == 503
    assert stored(db_session) == before
    for _twice in range(2):
        for minute in range(11):
            assert door.push(issue(f"W{minute}")).json == TAKEN
    assert stored(db_session)[2] == 11
    assert invariant.broken(db_session) == []


def test_without_a_free_connection_the_answer_is_503_and_it_comes_within_five_seconds(
    door: Door, db_session: Any, monkeypatch: Any
) -> None:
    pool = db.engine.pool
    assert 0 < pool._timeout <= 5  # what a request waits at the most
    monkeypatch.setattr(pool, "_timeout", 0.2)
    browser = door.client
    browser.set_cookie("session", "a" * 43)
    db.session.remove()
    with ExitStack() as held:
        for _n in range(pool.size() + pool._max_overflow):
            held.enter_context(db.engine.connect())
        refused(door.push(issue("W1")))
        page = browser.get("/tickets")
        assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert door.push(issue("W1")).json == TAKEN


def test_every_kind_of_database_waits_at_most_five_seconds_for_a_connection(tmp_path: Any) -> None:
    for url in (f"sqlite:///{tmp_path / 'x.sqlite3'}", "postgresql+psycopg://nobody@127.0.0.1:1/none"):
        portal = create_app(Config.for_tests(url, data_dir=tmp_path))
        assert portal.config["SQLALCHEMY_ENGINE_OPTIONS"]["pool_timeout"] <= 5


# --- two that met ---


class Met(Exception):
    """What psycopg raises when the engine undid one of two."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("could not serialize access")
        self.sqlstate = sqlstate


class Meeting:
    """Lets what it stands for fail so many times."""

    def __init__(self, real: Any, times: int, sqlstate: str) -> None:
        self.real, self.left, self.tries, self.sqlstate = real, times, 0, sqlstate

    def __call__(self, *what: Any, **how: Any) -> Any:
        self.tries += 1
        done = self.real(*what, **how)
        if self.left > 0:
            self.left -= 1
            raise OperationalError("UPDATE", {}, Met(self.sqlstate))
        return done


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
@pytest.mark.parametrize(("times", "status"), [(1, 200), (MOST_AGAIN, 200), (MOST_AGAIN + 1, 503)])
def test_a_push_that_met_another_is_tried_three_more_times_and_then_503(
    door: Door, db_session: Any, monkeypatch: Any, sqlstate: str, times: int, status: int
) -> None:
    before = stored(db_session)
    meeting = Meeting(intake._place_issue, times, sqlstate)
    monkeypatch.setattr(intake, "_place_issue", meeting)
    answer = door.push(issue("W1"))
    assert answer.status_code == status
    assert meeting.tries == min(times + 1, MOST_AGAIN + 1) and MOST_AGAIN == 3
    if status == 503:
        refused(answer)
        assert stored(db_session) == before
        return
    assert answer.json == TAKEN and stored(db_session)[2] == 1
    once = stored(db_session)
    door.push(issue("W2"))
    assert stored(db_session) == [2 * n for n in once]  # nothing of the tries before is left


@pytest.mark.parametrize(("times", "status"), [(MOST_AGAIN, 303), (MOST_AGAIN + 1, 503)])
def test_a_form_that_met_another_is_tried_three_more_times_and_then_503(
    app: Any, door: Door, db_session: Any, monkeypatch: Any, times: int, status: int
) -> None:
    number = push(door.company)
    send = answering(app, door.company, number)
    before = stored(db_session)
    meeting = Meeting(desk.finish, times, "40001")
    monkeypatch.setattr(desk, "finish", meeting)
    answer = send()
    assert (answer.status_code, meeting.tries) == (status, MOST_AGAIN + 1)
    assert (stored(db_session) == before) == (status == 503)


def test_what_has_committed_already_is_not_done_again(database: Any) -> None:
    tries = []

    def act() -> None:
        tries.append(1)
        with transaction.write():
            pass
        raise OperationalError("UPDATE", {}, Met("40001"))

    with pytest.raises(OperationalError):
        transaction.again(act)
    assert len(tries) == 1
