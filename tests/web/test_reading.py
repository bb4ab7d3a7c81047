"""What a page reads on PostgreSQL costs no transaction of its own, and its statements stay prepared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from psycopg import _queries
from psycopg.pq import TransactionStatus
from sqlalchemy import create_engine, event, text
from sqlalchemy.sql import compiler

from app import clock
from app.services import month_books, month_plan
from app.services.transaction import write
from tests import cast
from tests.cast import NOON
from tests.web.stage import Stage

# Only PostgreSQL has transactions to save, and only over HTTP is anything merely read.
pytestmark = [pytest.mark.both_engines, pytest.mark.postgresql_only]

NOW = NOON + timedelta(hours=2)
OFTEN = 8  # times, after which the driver has prepared a statement


@pytest.fixture
def stage(app: Any, db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return Stage(app, cast.begin())


@contextmanager
def standings(engine: Any) -> Iterator[list[Any]]:
    """Whether each statement stands in a transaction."""
    found: list[Any] = []

    def look(_connection: Any, cursor: Any, *_rest: Any) -> None:
        found.append(cursor.connection.info.transaction_status)

    event.listen(engine, "after_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(engine, "after_cursor_execute", look)


def of_each(engine: Any, question: str) -> list[int]:
    """What each idle connection says to it."""
    held = [engine.connect() for _ in range(max(1, engine.pool.checkedin()))]
    try:
        return [one.execute(text(question)).scalar_one() for one in held]
    finally:
        for one in held:
            one.close()


def test_a_page_reads_outside_of_any_transaction(database, stage):
    browser = stage.browser("site")
    browser.get("/tickets?queue=all")
    with standings(database.engine) as found:
        assert browser.get("/tickets?queue=all").status_code == 200
    assert set(found) == {TransactionStatus.IDLE}


def test_what_is_written_stands_in_one_transaction(database, stage):
    number = cast.push(stage.cast, "W1", text="投诉", waybill="YT0000000010000")
    browser = stage.browser("site")
    with standings(database.engine) as found:
        form = {"csrf_token": stage.csrf, "text": "已转告快递员", "submission_key": "once"}
        assert browser.post(f"/tickets/{number}/note", data=form).status_code == 303
    wrote = [at for at, one in enumerate(found) if one == TransactionStatus.INTRANS]
    assert len(wrote) > 3 and wrote == list(range(wrote[0], wrote[-1] + 1))


def test_the_statements_of_a_page_stay_prepared_when_it_is_done(database, stage):
    browser = stage.browser("site")
    database.session.remove()
    database.engine.dispose()
    for _ in range(OFTEN):
        browser.get("/tickets?queue=all")
    assert sum(of_each(database.engine, "SELECT count(*) FROM pg_prepared_statements")) >= 1


def test_a_server_that_hung_up_between_two_requests_costs_nobody_a_page(database, stage):
    browser = stage.browser("site")
    assert browser.get("/tickets").status_code == 200
    database.session.remove()
    mine = of_each(database.engine, "SELECT pg_backend_pid()")
    with create_engine(database.engine.url).connect() as other:
        other.execute(
            text("SELECT pg_terminate_backend(pid, 5000) FROM unnest(CAST(:mine AS int[])) AS pid"), {"mine": mine}
        )
    assert browser.get("/tickets").status_code == 200


def test_a_month_is_looked_at_with_its_own_settings(app, database, monkeypatch):
    memory = []

    def scores(session: Any, *_rest: Any) -> Any:
        memory.append(session.scalar(text("SHOW work_mem")))
        return {}, {}, {}

    monkeypatch.setattr(month_books, "scores", scores)
    cast.begin()
    with app.test_request_context():
        month_plan.preview(database.session(), "2026-10", NOW)
        database.session().rollback()
    assert memory == ["64MB"]
    with write() as session:
        assert session.scalar(text("SHOW work_mem")) != "64MB"


def test_what_several_rows_are_written_with_is_compiled_once_and_taken_to_pieces_once(database, stage):
    for n in range(3):
        cast.push(stage.cast, f"W{n}", text="投诉", waybill=f"YT000000001000{n}")
    compiled, parts = [], _queries._query2pg.cache_info
    with pytest.MonkeyPatch.context() as patched:
        init = compiler.SQLCompiler.visit_insert
        patched.setattr(compiler.SQLCompiler, "visit_insert", lambda *a, **k: compiled.append(1) or init(*a, **k))
        before = parts().misses
        cast.push(stage.cast, "W9", text="投诉", waybill="YT0000000020000")
    assert (compiled, parts().misses - before) == ([], 0)
