"""What must be on record happens with its record or not at all: where the entry cannot be written, nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.services import connection_admin, exports, replies, reveals
from app.services.exports import OrderIn
from app.services.replies import ResultIn
from tests.cast import NOON, Cast, post, push, tell

ANSWER = ResultIn(text="已处理", contact_outcome="reached_accepts")
ACTS: dict[str, tuple[str, Callable[[Cast, str], Any]]] = {
    "a push": ("event", lambda cast, number: push(cast, "W2")),
    "a later message": ("event", lambda cast, number: tell(cast, "REPEAT")),
    "an answer": ("event", lambda cast, number: replies.result(
        actor=cast["site"], post=post(number, "once"), answer=ANSWER, now=NOON)),
    "a claim": ("event", lambda cast, number: replies.claim(actor=cast["site"], post=post(number, "once"), now=NOON)),
    "a look at a number": ("reveal", lambda cast, number: reveals.reveal(
        actor=cast["lcs"], number=number, now=NOON)),
    "a new secret": ("admin_log", lambda cast, number: connection_admin.add_secret(
        actor=cast["admin"], code="demo", secret=None, now=NOON)),
    "an export": ("export_log", lambda cast, number: exports.ask(
        actor=cast["lcs"], order=OrderIn("queue", "queue", {"queue": "all"}, "全部", "csv", "zh"), key="once", address="127.0.0.1", now=NOON)),
}  # fmt: skip


@contextmanager
def unwritable(table: str) -> Iterator[list[str]]:
    """Nothing can be written into this table: a full disk, a broken page, a right that is missing."""
    met: list[str] = []

    def refuse(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        ways = f"insert into {table} ", f'insert into "{table}" ', f"insert or ignore into {table} "
        if any(way in statement.lower() for way in ways):  # among other tables of one statement, too
            met.append(statement)
            raise db.engine.dialect.dbapi.OperationalError("the disk is full")

    event.listen(db.engine, "before_cursor_execute", refuse)
    try:
        yield met
    finally:
        event.remove(db.engine, "before_cursor_execute", refuse)


def everything(session: Any) -> dict[str, list[str]]:
    """Every row of every table."""
    session.rollback()
    return {
        table.name: sorted(repr(tuple(row)) for row in session.execute(select(table)))
        for table in db.metadata.sorted_tables if table.name != "sequence_row"
    }  # fmt: skip


@pytest.mark.parametrize("name", list(ACTS))
def test_where_its_record_cannot_be_written_nothing_is_done_and_later_it_works(
    cast: Cast, db_session: Any, name: str
) -> None:
    table, act = ACTS[name]
    number = push(cast)
    before = everything(db_session)
    with unwritable(table) as met, pytest.raises((OperationalError, db.engine.dialect.dbapi.OperationalError)):
        act(cast, number)
    assert met, "it writes no record"
    assert everything(db_session) == before
    act(cast, number)
    after = everything(db_session)
    assert len(after[table]) > len(before[table])
