"""Which tickets came from another system, out of which file; and the ticket numbers that were set aside for a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, String, Table, UniqueConstraint, insert, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

TRIES = 50
INSTANTS = 2000


class ImportedFile(Model):
    """One file read with one mapping. `digest` is the SHA-256 of its content, `imported_at` the first attempt.

    Its tickets have the sequence numbers from `first_number` on, in order of opening: an import that was interrupted
    and is run again gives each ticket the number it would have had.
    """

    __tablename__ = "imported_file"
    id: Mapped[int] = primary()
    digest: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(25))
    mapping_digest: Mapped[str] = mapped_column(String(64))
    zone: Mapped[str] = mapped_column(String(40))
    connection_id: Mapped[int] = ref("platform_connection.id")
    first_number: Mapped[int] = mapped_column(Big)
    numbers: Mapped[int]
    fines: Mapped[bool] = mapped_column(default=False)
    reminds: Mapped[bool] = mapped_column(default=False)
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (UniqueConstraint("digest", "name"),)


class ImportedTicket(Model):
    """A ticket that came from a file, under the number it had there, with what the old system said of it."""

    __tablename__ = "imported_ticket"
    file_id: Mapped[int] = ref("imported_file.id", primary_key=True)
    number: Mapped[str] = mapped_column(String(64), primary_key=True)
    ticket_id: Mapped[int] = ref("ticket.id", unique=True)
    group: Mapped[str] = mapped_column("source_group", String(120))
    organisation_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    rows: Mapped[int] = mapped_column("source_rows")
    reassignments: Mapped[int]
    reopenings: Mapped[int]
    sla: Mapped[bool | None]


def insert_rows(session: Session, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert many rows with the same keys, several times faster than an executed INSERT a row: PostgreSQL gets a COPY,
    SQLite one prepared statement. Values pass through the columns' types as everywhere, but a JSON column also takes
    text that is JSON already. A column that the rows leave out gets its default. The caller commits."""
    connection = session.connection()
    dialect = connection.dialect
    rest = {c.name: _default(c.default) for c in table.c if c.name not in rows[0] and c.default is not None}
    rows = [{**rest, **row} for row in rows] if rest else rows
    statement = insert(table).values(dict.fromkeys(rows[0])).compile(dialect=dialect)
    names = [column.name for column in table.c if column.name in rows[0]]
    names = list(statement.positiontup or names)
    ways = [_way(table.c[name].type, dialect) for name in names]
    columns = list(zip(names, ways, strict=True))
    made = (tuple([row[name] if way is None else way(row[name]) for name, way in columns]) for row in rows)
    if dialect.name != "postgresql":
        connection.exec_driver_sql(str(statement), list(made))
        return
    driver: Any = connection.connection.driver_connection
    listed = ", ".join(f'"{name}"' for name in names)
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({listed}) FROM STDIN") as copy:
        for values in made:
            copy.write_row(values)


def _default(default: Any) -> Any:
    return default.arg(None) if default.is_callable else default.arg


def _way(kind: Any, dialect: Any) -> Callable[[Any], Any] | None:
    """How a value of a column's type becomes one of the driver's; None where it is one."""
    way: Callable[[Any], Any] | None = kind.dialect_impl(dialect).bind_processor(dialect)
    if way is not None and isinstance(kind, JSON):
        encode = way
        return lambda value: value if isinstance(value, str) else encode(value)
    return lru_cache(INSTANTS)(way) if way is not None and isinstance(kind, UtcDateTime) else way


def reserve_numbers(session: Session, count: int) -> int:
    """Set `count` ticket numbers in a row aside; the first of them. The caller commits.

    A dialect matter that belongs beside `dialect.next_number`: PostgreSQL's sequence is drawn by others at the same
    time, so a draw with a foreign number inside is thrown away. Raises RuntimeError when that happens again and again.
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
