"""Changes of many rows go out together, and the rows say afterwards what a flush would have said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, select
from sqlalchemy.exc import DataError
from sqlalchemy.orm.exc import StaleDataError

from app.models import Clock, Counter, altered
from app.models.dialect_rows import upsert_add
from app.services.transaction import write
from tests.cast import NOON, push


def runs(session: Any) -> list[Clock]:
    return list(session.scalars(select(Clock).where(Clock.kind == "accept").order_by(Clock.id)))


@pytest.fixture
def three(cast: Any, db_session: Any) -> None:
    for n in range(3):
        push(cast, f"M{n}")


def test_rows_that_changed_alike_are_one_statement_and_each_has_its_own_values(three, db_session):
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    with write() as session:
        some = runs(session)
        for n, clock in enumerate(some):
            clock.stage, clock.next_stage_at = n + 7, NOON + timedelta(hours=n) if n else None
        event.listen(session.get_bind(), "before_cursor_execute", note)
        altered.store(session)
        session.flush()
        event.remove(session.get_bind(), "before_cursor_execute", note)
    assert len(said) == 1
    db_session.expire_all()
    assert [(one.stage, one.next_stage_at) for one in runs(db_session)] == [
        (7, None), (8, NOON + timedelta(hours=1)), (9, NOON + timedelta(hours=2)),
    ]  # fmt: skip


def test_what_is_as_it_was_again_is_not_written(three, db_session):
    with write() as session:
        some = runs(session)
        for clock in some:
            before, clock.stage = clock.stage, 9
            clock.stage = before
        some[0].state = "late"
        session.execute(Clock.__table__.update().values(stage=5))
        altered.store(session)
    db_session.expire_all()
    assert [(one.stage, one.state) for one in runs(db_session)] == [(5, "late"), (5, "running"), (5, "running")]


def test_a_row_that_is_gone_is_not_taken_for_written(three, db_session):
    with pytest.raises(StaleDataError), write() as session:
        some = runs(session)
        for clock in some:
            clock.stage = 9
        session.connection().execute(delete(Clock.__table__).where(Clock.id == some[0].id))
        altered.store(session)


@pytest.mark.postgresql_only  # SQLite has no limits of length
def test_a_text_too_long_for_its_column_is_refused_in_a_statement_of_many_rows(cast, db_session):
    with pytest.raises(DataError), write() as session:
        upsert_add(session, Counter, [{"scope": 0, "queue": "q" * 200, "n": n} for n in (1, 2)])
