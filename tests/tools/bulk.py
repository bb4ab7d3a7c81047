"""Loading very many rows into a database of one's own: without the indexes that can be made afterwards, by COPY, and
without asking whether what the rows refer to is there. Never for a portal's database: nothing is checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import dialect_search
from app.models.dialect_search import Document

# Indexes that stand for themselves: those of keys and of UNIQUE are part of their tables.
_POSTGRESQL = (
    "SELECT indexname, indexdef FROM pg_indexes AS i WHERE schemaname = current_schema() AND NOT EXISTS ("
    "SELECT 1 FROM pg_constraint AS c WHERE c.conname = i.indexname AND c.connamespace = current_schema()::regnamespace)"
)
_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"


@contextmanager
def unindexed(session: Session) -> Iterator[None]:
    """Meanwhile no table has indexes but those of its keys; they are made again at the end."""
    postgresql = _postgresql(session)
    found = [(name, made) for name, made in session.execute(text(_POSTGRESQL if postgresql else _SQLITE))]
    for name, _made in found:
        session.connection().exec_driver_sql(f'DROP INDEX "{name}"')
    session.commit()
    yield
    for _name, made in found:
        if postgresql:
            session.connection().exec_driver_sql("SET LOCAL maintenance_work_mem = '512MB'")
        session.connection().exec_driver_sql(made.replace("%", "%%") if postgresql else made)
        session.commit()


def unchecked(session: Session) -> None:
    """Until the commit PostgreSQL looks after no reference, where we may ask for that."""
    if _postgresql(session) and session.scalar(text("SHOW is_superuser")) == "on":
        session.execute(text("SET LOCAL session_replication_role = replica"))


def documents(session: Session, made: Sequence[Document]) -> None:
    """Search documents, in one COPY on PostgreSQL."""
    if not _postgresql(session):
        dialect_search.insert(session, made)
        return
    driver: Any = session.connection().connection.driver_connection
    lines = "COPY search_document (ticket_id, rank, scopes, terms) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(lines) as copy:
        for one in made:
            scopes, terms = ",".join(map(str, one.scopes)), " ".join(f"'{term}'" for term in one.terms)
            copy.write_row((one.ticket_id, one.rank, f"{{{scopes}}}", terms))


def settle(session: Session) -> None:
    """What the database does by itself in the days after: statistics, and on PostgreSQL a vacuum."""
    session.commit()
    connection = session.connection()
    if not _postgresql(session):
        connection.exec_driver_sql("ANALYZE")
        session.commit()
        session.get_bind().engine.dispose()  # another open connection goes on planning with what it has read before
        return
    own = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")).all()
    session.rollback()
    with session.get_bind().connect().execution_options(isolation_level="AUTOCOMMIT") as alone:  # type: ignore[union-attr]
        alone.exec_driver_sql(f"VACUUM ANALYZE {', '.join(own)}")


def _postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
