"""Where SQLite and PostgreSQL differ: nowhere but here and in the other files of this name, `dialect_…`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    event,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import straight
from app.models.dialect_pool import ask_the_idle, remember_long_statements
from app.models.together import Question

WRITE = "kuaifu_write"
POOLED = "kuaifu_pooled"  # an engine behind a pooler that hands out a connection for one transaction only
# Beside what reading costs: a web or worker machine that went away without a word is missed by the server within
# seconds, or the rows that it had locked stay locked for two hours.
OF_A_SESSION = (
    "random_page_cost = 1.1", "jit = off", "tcp_keepalives_idle = 5", "tcp_keepalives_interval = 2",
    "tcp_keepalives_count = 3", "tcp_user_timeout = 10000",
)  # fmt: skip
CALLED_OFF = 2.0  # seconds that asking the server to break something off may take
TRIES = 50  # draws of ticket numbers in a row
_LOCK = b"SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))"
_NEXT_DRAWN = text("SELECT nextval('ticket_sequence')")
_DRAWN = Question(select(func.nextval(literal_column("'ticket_sequence'"), type_=BigInteger()).label("n")))
_NEXT_COUNTED = text("UPDATE sequence_row SET n = n + 1 WHERE name = 'ticket' RETURNING n")


def prepare_engine(engine: Engine, *, pooled: bool = False) -> None:
    """SQLite: WAL, foreign keys, a busy time-out, and a BEGIN of our own (IMMEDIATE for writers). PostgreSQL: reading
    here and there costs about what reading in a row does, or it would read whole tables for a page of them; no
    statement is compiled first, which took seconds for a plan that looks dear; and the server misses us soon. Behind a
    pooler nothing is set for a session, because nobody knows whose it will be next: the server's role has it."""
    if engine.dialect.name != "sqlite":
        ask_the_idle(engine)
        remember_long_statements()
        import_module("app.models.dialect_values").read_and_write_quickly()  # SQLite needs no psycopg
        if pooled:
            engine.update_execution_options(**{POOLED: True})
        else:
            event.listen(engine, "connect", _suited)
        return

    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Any) -> None:
        writing = connection.get_execution_options().get(WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)


def _suited(connection: Any, _record: Any) -> None:
    connection.autocommit = True  # or a rollback would take it back
    connection.execute("; ".join(f"SET {one}" for one in OF_A_SESSION))
    connection.autocommit = False


def insert_ignoring(session: Session, table: Any) -> Any:
    """An INSERT that leaves an existing key alone; `rowcount` 1 tells that the row is new."""
    return _insert(session, table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def _insert(session: Session, table: Any) -> Any:
    postgres = session.get_bind().dialect.name == "postgresql"
    core = getattr(table, "__table__", table)  # the plain table: an ORM insert does not tell its row count
    return postgresql.insert(core) if postgres else sqlite.insert(core)


def next_number(session: Session) -> int:
    """The next ticket sequence number: gaps are fine, doubles are not."""
    postgres = session.get_bind().dialect.name == "postgresql"
    return int(session.connection().execute(_NEXT_DRAWN if postgres else _NEXT_COUNTED).scalar_one())


def drawn(session: Session) -> Any:
    """The next ticket sequence number as a question that is asked with others; None where it is counted in a row."""
    return _DRAWN() if session.get_bind().dialect.name == "postgresql" else None


def reserve_numbers(session: Session, count: int) -> int:
    """Set `count` ticket numbers in a row aside; the first of them. The caller commits.

    PostgreSQL's sequence is drawn by others at the same time, so a draw with a foreign number inside is thrown away.
    Raises RuntimeError when that happens again and again.
    """
    if session.get_bind().dialect.name != "postgresql":
        statement = text("UPDATE sequence_row SET n = n + :n WHERE name = 'ticket' RETURNING n")
        return int(session.execute(statement, {"n": count}).scalar_one()) - count + 1
    drawn = text("SELECT min(v), max(v) FROM (SELECT nextval('ticket_sequence') AS v FROM generate_series(1, :n)) AS d")
    for _ in range(TRIES):
        first, last = session.execute(drawn, {"n": count}).one()
        if last - first + 1 == count:
            return int(first)
    raise RuntimeError("the ticket sequence is too busy to set numbers aside: try again")


def call_off(connection: Connection) -> None:
    """Break off what another thread waits for on a connection: it fails there, and its transaction is undone."""
    wire: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        wire.cancel_safe(timeout=CALLED_OFF)
    else:
        wire.interrupt()


def lock_key(session: Session, key: str) -> None:
    """Serialise everything that concerns `key` until the commit; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        straight.execute(session.connection(), _LOCK, {"key": key})


def attempt(session: Session) -> Attempt:
    """A savepoint around locks that may have to be given back; SQLite has none, so it needs no savepoint either. One
    at a time: the next one has the same name."""
    found = Attempt(session)
    found.say(b"SAVEPOINT attempt")
    return found


@dataclass(frozen=True)
class Attempt:
    """What was begun there."""

    session: Session

    def say(self, said: bytes) -> None:
        """Tell PostgreSQL."""
        if self.session.get_bind().dialect.name == "postgresql":
            straight.execute(self.session.connection(), said, {})

    def commit(self) -> None:
        """The locks stay until the transaction ends."""
        self.say(b"RELEASE SAVEPOINT attempt")

    def rollback(self) -> None:
        """The locks are given back."""
        self.say(b"ROLLBACK TO SAVEPOINT attempt")


def oldest_writer(session: Session) -> float | None:
    """When the oldest write transaction that is still open began, in seconds since 1970; None for none.

    Only those count that have looked at our tickets, which whoever writes an event has done before it draws the event's
    id: other schemas of the database are none of our business. SQLite has one writer at a time: inside a write
    transaction there is no other.
    """
    if session.get_bind().dialect.name != "postgresql":
        return None
    begun = text(
        "SELECT extract(epoch FROM min(xact_start)) FROM pg_stat_activity AS a "
        "WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() AND EXISTS "
        "(SELECT 1 FROM pg_locks AS held WHERE held.pid = a.pid AND held.relation = 'ticket'::regclass)"
    )
    found = session.execute(begun).scalar()
    return None if found is None else float(found)


def server_time(session: Session) -> datetime | None:
    """The database server's clock (UTC); None for SQLite, which has no other clock than this machine's."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    told: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return told.astimezone(UTC)


def exported_snapshot(connection: Connection) -> tuple[str, str]:
    """The schema of our tables and a name under which pg_dump sees what this open transaction sees. PostgreSQL only."""
    row = connection.execute(text("SELECT current_schema(), pg_export_snapshot()")).one()
    return str(row[0]), str(row[1])


def prepare_schema(connection: Connection, name: str) -> str:
    """Make the schema where it is missing; the one that tables are looked for in first. PostgreSQL only."""
    quoted = connection.dialect.identifier_preparer.quote(name)
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quoted}"))
    return str(connection.execute(text("SELECT current_schema()")).scalar())


def for_update(statement: Any, *, skip_locked: bool = False) -> Any:
    """Lock the selected rows where the engine has row locks; SQLite already holds the only write lock."""
    return statement.with_for_update(skip_locked=skip_locked)


def changed(session: Session, statement: Any) -> int:
    """Execute an INSERT, UPDATE or DELETE; how many rows it touched."""
    result: Any = session.execute(statement)
    return int(result.rowcount)


def write_options(session: Session, *, one_picture: bool) -> dict[str, Any]:
    """What a write transaction's connection is asked for. With `one_picture` all its statements see the database as at
    the first one, whatever others commit meanwhile; SQLite has but one writer, so that its writers see that anyway."""
    alone = one_picture and session.get_bind().dialect.name == "postgresql"
    return {WRITE: True} | ({"isolation_level": "REPEATABLE READ"} if alone else {})


def read_much(session: Session) -> None:
    """What reads a whole month groups in memory, by hash because nobody can foresee how few groups an expression makes
    of millions of rows: in this transaction alone. SQLite has nothing to choose."""
    if session.get_bind().dialect.name == "postgresql":
        settings = {"work_mem": "64MB", "enable_sort": "off"}
        for name, value in settings.items():
            session.execute(text(f"SET LOCAL {name} = '{value}'"))
