"""What goes straight to the driver says what the engine's own way would say, and leaves its connection as it was."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from app.models import straight
from app.models.dialect_pool import reading

pytestmark = pytest.mark.postgresql_only

ASKED = b"SELECT json_build_array(1, %(name)s::text)"


@pytest.fixture
def engine(database: Any) -> Any:
    """The engine that reads."""
    return reading(database.engine)[database.engine]


def wires(engine: Any) -> list[Any]:
    """The connections that nobody has now."""
    held = [engine.raw_connection() for _ in range(max(1, engine.pool.checkedin()))]
    found = [one.driver_connection for one in held]
    for one in held:
        one.close()
    return found


def test_the_row_comes_as_values_and_the_connection_goes_back_as_it_was(engine):
    assert straight.row(engine, ASKED, {"name": "驿站"}) == ([1, "驿站"],)
    assert engine.pool.checkedout() == 0
    assert not any(wire.autocommit for wire in wires(engine))


def test_a_connection_that_was_cut_is_thrown_away_and_the_engine_finds_another(engine):
    straight.row(engine, ASKED, {"name": "x"})
    lent = engine.raw_connection()
    number = lent.driver_connection.info.backend_pid
    lent.close()
    with engine.connect() as other:  # not the one that will be cut
        if other.connection.driver_connection.info.backend_pid == number:
            with engine.connect() as third:
                third.exec_driver_sql(f"SELECT pg_terminate_backend({number})")
        else:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({number})")
    rows = [straight.row(engine, ASKED, {"name": "x"}) for _ in range(4)]
    assert rows[-1] == ([1, "x"],) and set(map(str, rows)) <= {"None", "([1, 'x'],)"}
    assert engine.pool.checkedout() == 0


def test_where_no_connection_is_to_be_had_the_engines_own_way_says_so(engine):
    engine.dispose()

    def refuse(*_told: Any) -> None:
        raise psycopg.OperationalError("nobody listens there")

    event.listen(engine, "do_connect", refuse)
    try:
        assert straight.row(engine, ASKED, {"name": "x"}) is None
        with pytest.raises(OperationalError), engine.connect():
            pass
    finally:
        event.remove(engine, "do_connect", refuse)


def test_whoever_is_called_away_in_the_middle_of_an_answer_leaves_no_connection_behind(engine, monkeypatch):
    straight.row(engine, ASKED, {"name": "x"})

    def called_away(wire: Any, *_told: Any) -> None:
        wire.pgconn.send_query(b"SELECT pg_sleep(0.2)")
        raise SystemExit

    monkeypatch.setattr(straight, "_told", called_away)
    with pytest.raises(SystemExit):
        straight.row(engine, ASKED, {"name": "x"})
    monkeypatch.undo()
    assert engine.pool.checkedout() == 0 and straight.row(engine, ASKED, {"name": "x"}) == ([1, "x"],)


def test_in_a_transaction_it_is_part_of_it_and_a_refusal_is_the_engines_own(database):
    with database.engine.connect() as connection:
        assert straight.within(connection, ASKED, {"name": "x"}) is None
        connection.exec_driver_sql("CREATE TEMP TABLE seen (n int UNIQUE)")
        assert straight.within(connection, b"INSERT INTO seen VALUES (%(n)s)", {"n": 1}) is not None
        connection.commit()
        with connection.begin() as begun:
            straight.within(connection, b"INSERT INTO seen VALUES (%(n)s)", {"n": 2})
            begun.rollback()
        assert connection.exec_driver_sql("SELECT array_agg(n) FROM seen").scalar() == [1]
        with pytest.raises(IntegrityError):
            straight.within(connection, b"INSERT INTO seen VALUES (%(n)s)", {"n": 1})
        connection.rollback()
        connection.begin()
        wire = connection.connection.driver_connection
        with database.engine.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({wire.info.backend_pid}, 5000)")
        assert straight.within(connection, ASKED, {"name": "x"}) is None
        with pytest.raises(OperationalError) as said:
            connection.exec_driver_sql("SELECT 1")
        assert said.value.connection_invalidated


def test_a_refusal_is_the_engines_own_and_tells_no_value(engine):
    with pytest.raises(ProgrammingError) as said:
        straight.row(engine, b"SELECT nothing FROM nowhere WHERE name = %(name)s", {"name": "13800001234"})
    assert "nowhere" in str(said.value) and "13800001234" not in str(said.value)
    with pytest.raises(OperationalError, match="statement timeout"):
        straight.row(engine, b"SELECT set_config('statement_timeout', '20', false), pg_sleep(0.5)", {})
        straight.row(engine, b"SELECT pg_sleep(0.5)", {})
    for wire in wires(engine):
        wire.execute("SET statement_timeout TO DEFAULT")
        wire.commit()
    assert engine.pool.checkedout() == 0 and straight.row(engine, ASKED, {"name": "x"}) == ([1, "x"],)


def test_half_of_a_pair_of_surrogates_and_a_long_number_come_as_they_were_stored(engine):
    stored = '{"text": "\\ud83d half", "number": 123456789012345678901234567890}'
    found = straight.row(engine, b"SELECT json_build_array(%(told)s::json)", {"told": stored})
    assert found[0] == [{"text": "\ud83d half", "number": 123456789012345678901234567890}]


def test_somebody_who_listens_to_the_engine_is_noticed(database, engine):
    assert not straight.heard(engine)

    def note(*_told: Any) -> None: ...

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        assert straight.heard(engine)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    assert not straight.heard(engine)
