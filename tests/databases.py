"""Databases for tests: a schema of its own on PostgreSQL, and a fast way back to the state after the migrations."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from sqlalchemy import Connection, Engine, Table, create_engine, text

from tests.snapshots import Snapshots

PREFIX = "kuaifu_test_"
STALE = 3600  # seconds after which the schema of a killed run is dropped by the next


@contextlib.contextmanager
def postgresql_schema(url: str) -> Iterator[str]:
    """The address of `url` inside a new schema, dropped at the end; several runs can share one database."""
    url = "postgresql+psycopg://" + url.split("://", 1)[1]
    name = f"{PREFIX}{int(time.time())}_{os.getpid()}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        _drop_stale(connection)
        connection.execute(text(f"CREATE SCHEMA {name}"))
    joint = "&" if "?" in url else "?"
    try:
        yield f"{url}{joint}options={quote(f'-csearch_path={name} -csynchronous_commit=off', safe='')}"
    finally:
        with engine.connect() as connection:
            # one after the other: each takes some thousand of the locks that all of the server's transactions share
            connection.execute(text("SELECT pg_advisory_lock(hashtext(:drops))"), {"drops": PREFIX})
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()


def _drop_stale(connection: Connection) -> None:
    names = connection.execute(text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kuaifu\\_test\\_%'"))
    for name in names.scalars().all():
        begun = name.removeprefix(PREFIX).split("_")[0]
        if begun.isdigit() and int(begun) < time.time() - STALE:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {name} CASCADE"))


def _copy(source: Path | str, target: Path | str) -> None:
    with contextlib.closing(sqlite3.connect(source)) as one, contextlib.closing(sqlite3.connect(target)) as other:
        one.backup(other)


class Cleaner:
    """Migrates once, remembers the rows that the migrations brought, and goes back to exactly those."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.seeds: dict[str, list[dict[str, Any]]] = {}
        self.search_tables: list[str] = []
        self.tables: list[Table] = []
        self.superuser = False

    def build(self, shared: Path | None = None) -> None:
        """Bring the empty database up to the newest migration. With `shared`, a file of all processes of a run, the
        first of them migrates an SQLite database and the others take its copy."""
        with self.app.app_context():
            if shared is None or self._engine().dialect.name != "sqlite":
                self._migrate()
            else:
                self._migrate_once(shared)
            with self._engine().connect() as connection:
                self._remember(connection)

    def _migrate(self) -> None:
        from flask_migrate import upgrade

        upgrade()

    def _migrate_once(self, shared: Path) -> None:
        own = str(self._engine().url.database)
        with shared.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if shared.exists():
                _copy(shared, own)
            else:
                self._migrate()
                self._engine().dispose()
                made = shared.with_suffix(".made")
                _copy(own, made)
                made.rename(shared)  # whole, or not there

    def clean(self) -> None:
        """Delete all rows, children before parents, and put the remembered ones back."""
        from app.extensions import db

        with self.app.app_context():
            db.session.remove()
            with self._engine().connect() as connection, connection.begin():
                for statement in self._deletes(connection):
                    connection.exec_driver_sql(statement)
                for table in self.tables:
                    if rows := self.seeds.get(table.name):
                        connection.execute(table.insert(), rows)
                measured = self._forget_figures(connection)
            if measured:  # an open connection goes on planning with what it has read
                self._engine().dispose()
        if kept := self.app.extensions.get("test_snapshots"):
            kept.clean_at = kept.written

    def _forget_figures(self, connection: Connection) -> bool:
        """What ANALYZE found out is of the rows of one test; whether there was any. PostgreSQL looks again by itself."""
        if connection.dialect.name != "sqlite":
            return False
        kept = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE name IN ('sqlite_stat1', 'sqlite_stat4')"
        )
        return sum(connection.exec_driver_sql(f"DELETE FROM {name}").rowcount for (name,) in kept.all()) > 0

    def _deletes(self, connection: Connection) -> list[str]:
        """PostgreSQL takes all in one message, and looks after no reference that both ends of which go."""
        lines = [f'DELETE FROM "{name}"' for name in self._full(connection)]
        if connection.dialect.name != "postgresql":
            return lines
        return ["; ".join(["SET LOCAL session_replication_role = replica" if self.superuser else "SELECT 1", *lines,
                           "SET LOCAL session_replication_role = DEFAULT" if self.superuser else "SELECT 1"])]  # fmt: skip

    def _full(self, connection: Connection) -> list[str]:
        """The tables that hold a row, children before parents: to ask costs far less than to delete from each."""
        names = [*self.search_tables, *(table.name for table in reversed(self.tables))]
        asked = " UNION ALL ".join(f'SELECT {n} WHERE EXISTS (SELECT 1 FROM "{name}")' for n, name in enumerate(names))
        return [names[n] for (n,) in connection.exec_driver_sql(asked)]

    def snapshots(self) -> Snapshots:
        """Beginnings of tests, kept in this database."""
        from app.extensions import db

        with self.app.app_context():
            kept = Snapshots(self._engine(), [*(one.name for one in db.metadata.sorted_tables), *self.search_tables])
        kept.superuser = self.superuser
        return kept

    def close(self) -> None:
        """Give the connections back, so that a schema can be dropped."""
        with self.app.app_context():
            self._engine().dispose()

    def _engine(self) -> Engine:
        from app.extensions import db

        return db.engine

    def _remember(self, connection: Connection) -> None:
        from app.extensions import db

        self.tables = db.metadata.sorted_tables
        for table in self.tables:
            rows = connection.execute(table.select()).mappings().all()
            if rows:
                self.seeds[table.name] = [dict(row) for row in rows]
        if connection.dialect.name == "postgresql":
            self.superuser = connection.execute(text("SHOW is_superuser")).scalar() == "on"
            own = text(  # what lies in a partition is its table's
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
                " AND relnamespace = to_regnamespace(current_schema())"
            )
            apart = {*db.metadata.tables, "alembic_version"}
            self.search_tables = [name for name in connection.execute(own).scalars() if name not in apart]
        if connection.dialect.name == "sqlite":
            virtual = text("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'")
            known = db.metadata.tables
            self.search_tables = [name for name in connection.execute(virtual).scalars() if name not in known]
