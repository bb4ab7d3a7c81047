"""Rows that many tests begin with, written once by the services and then laid down again as they were.

Nearly every test of a service begins with the same company and the same first complaint. The services play it twice in
each process; from then on its rows are copied back inside the database, which costs a tenth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event

from app.models import straight

T = TypeVar("T")
SEARCH = "search_document"  # a virtual table on SQLite, whose row number is a column of its own
EXECUTED = ("do_execute", "do_executemany", "do_execute_no_params")  # the portal does not see who listens to these
WRITING = ("INSERT", "UPDATE", "DELETE", "WITH N")  # the last begins several that are one
OFTEN = 2  # a beginning is kept when it comes again


class Snapshots:
    """Kept beginnings of one database. `written` counts the statements that changed something; nothing but the rows of
    the migrations is there while it is `clean_at`."""

    def __init__(self, engine: Engine, tables: list[str]) -> None:
        self.engine = engine
        self.tables = tables
        self.kept: dict[Hashable, tuple[str, list[str], Any]] = {}
        self.asked: Counter[Hashable] = Counter()
        self.written = self.clean_at = 0
        self.superuser = False
        for how in EXECUTED:
            event.listen(engine, how, self._count)
        self._straight, straight.within = straight.within, self._within

    def _count(self, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip()[:6].upper() in WRITING:
            self.written += 1

    def _within(self, connection: Connection, said: str | bytes, values: Any) -> Any:
        """What goes past the engine is counted, too."""
        if (said if isinstance(said, str) else said.decode())[:6].upper() in WRITING:
            self.written += 1
        return self._straight(connection, said, values)

    @property
    def clean(self) -> bool:
        """Nothing was written since the last test was cleaned up after: a whole beginning can be laid down."""
        return self.written == self.clean_at

    def begin(self, key: Hashable, play: Callable[[], T], *, often: int = OFTEN) -> T:
        """What `play` gives: from its kept rows where there are any, else by playing it, `often` times at most."""
        if key in self.kept:
            name, tables, result = self.kept[key]
            self._lay(name, tables)
            return result
        result = play()
        self.asked[key] += 1
        if self.asked[key] == often:
            self._keep(key, result)
        return result

    def _keep(self, key: Hashable, result: Any) -> None:
        name = f"kept{len(self.kept)}_"
        with self._transaction() as connection:
            full = [one for one in self.tables if connection.exec_driver_sql(f'SELECT 1 FROM "{one}" LIMIT 1').first()]
            for table in full:
                what = "rowid AS place, *" if self._virtual(connection, table) else "*"
                connection.exec_driver_sql(f'CREATE TABLE {name}{table} AS SELECT {what} FROM "{table}"')
        self.kept[key] = (name, full, result)

    def _lay(self, name: str, tables: list[str]) -> None:
        with self._transaction() as connection:
            lines = [f'DELETE FROM "{table}"' for table in reversed(tables)]
            for table in tables:
                into = f'"{table}"'
                if self._virtual(connection, table):
                    into = f'"{table}" (rowid, ticket_id, scopes, terms)'
                lines.append(f"INSERT INTO {into} SELECT * FROM {name}{table}")
            self._run(connection, lines)
        self.written += 1  # PostgreSQL gets all in one message, which begins with another word

    def _run(self, connection: Connection, lines: list[str]) -> None:
        """References are whole again at the end: SQLite waits for it, PostgreSQL does not look."""
        if connection.dialect.name == "sqlite":
            for line in ("PRAGMA defer_foreign_keys = ON", *lines):
                connection.exec_driver_sql(line)
            return
        role = "SET LOCAL session_replication_role = "
        around = (role + "replica", role + "DEFAULT") if self.superuser else ("SELECT 1", "SELECT 1")
        connection.exec_driver_sql("; ".join([around[0], *lines, around[1]]))

    def _virtual(self, connection: Connection, table: str) -> bool:
        return table == SEARCH and connection.dialect.name == "sqlite"

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        from app.extensions import db

        db.session.rollback()
        with self.engine.connect() as connection, connection.begin():
            yield connection
