"""Old and new processes run side by side during an upgrade: no migration since the marked release gets in their way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    inspect,
    text,
)

from tests.conftest import DATABASE_URL
from tests.databases import postgresql_schema
from tests.upgrades import CONTRACTS, RELEASE, faults, taken

pytestmark = pytest.mark.thorough


@pytest.fixture
def empty(tmp_path: Path, redis_url: str) -> Any:
    """A portal without tables."""
    from app import create_app
    from app.config import Config

    if not DATABASE_URL:
        yield create_app(Config.for_tests(f"sqlite:///{tmp_path / 'old.sqlite3'}", redis_url, tmp_path))
        return
    with postgresql_schema(DATABASE_URL) as url:
        portal = create_app(Config.for_tests(url, redis_url, tmp_path))
        yield portal
        with portal.app_context():
            from app.extensions import db

            db.engine.dispose()


def picture(engine: Engine) -> MetaData:
    """The tables' columns as the database has them; what belongs to the search or to the migrations aside."""
    found = MetaData()
    for (_schema, name), columns in inspect(engine).get_multi_columns().items():
        if not name.startswith(("search_", "alembic_", "sqlite_")):
            Table(name, found, *(_column(**one) for one in columns))
    return found


def _column(name: str, type: Any, nullable: bool, default: str | None, **_more: Any) -> Column[Any]:
    return Column(name, type, nullable=nullable, server_default=None if default is None else text(default))


def revisions(portal: Flask) -> list[str]:
    scripts = ScriptDirectory(str(portal.extensions["migrate"].directory))
    return [one.revision for one in scripts.iterate_revisions("heads", RELEASE)][::-1]


def taken_by(engine: Engine, known: MetaData) -> set[str]:
    postgres = engine.dialect.name == "postgresql"
    loose = create_engine(engine.url)  # references aside: whether a table takes its own columns is asked
    with loose.connect() as connection:
        connection.execute(text("SET session_replication_role = replica" if postgres else "PRAGMA foreign_keys = OFF"))
        found = taken(connection, known)
        connection.rollback()
    loose.dispose()
    return found


def test_no_migration_since_the_release_takes_from_the_processes_that_still_run(empty: Flask) -> None:
    from flask_migrate import upgrade

    from app.extensions import db

    with empty.app_context():
        upgrade(revision=RELEASE)
        released = before = picture(db.engine)
        could = taken_by(db.engine, released)
        assert len(could) > 80, "the rows that are tried fit the tables"
        found = {}
        for revision in revisions(empty):
            upgrade(revision=revision)
            after = picture(db.engine)
            found[revision] = list(faults(before, after))
            before = after
        assert {revision: said for revision, said in found.items() if said and revision not in CONTRACTS} == {}
        contracted = frozenset().union(*(tables for tables, _why in CONTRACTS.values()))
        assert could - taken_by(db.engine, released) - contracted == set()
        assert set(CONTRACTS) <= set(found), "a contract of an older release can be struck out"


def table(*columns: Column[Any], name: str = "thing") -> MetaData:
    made = MetaData()
    Table(name, made, *columns)
    return made


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (table(Column("a", Integer), Column("b", Integer)), table(Column("a", Integer)), ["thing.b is gone"]),
        (table(Column("a", Integer)), table(Column("c", Integer)), ["thing.a is gone"]),
        (table(Column("a", Integer)), table(Column("a", Integer), name="other"), ["thing is gone"]),
        (table(Column("a", Integer)), table(Column("a", Integer), Column("b", Integer, nullable=False)),
         ["thing.b is new, needed, and has no server default"]),
        (table(Column("a", Integer)), table(Column("a", Integer, nullable=False)), ["thing.a is needed now"]),
        (table(Column("a", String(40))), table(Column("a", String(20))),
         ["thing.a was String(length=40) and is String(length=20)"]),
        (table(Column("a", String(40))), table(Column("a", Integer)), ["thing.a was String(length=40) and is Integer()"]),
        (table(Column("a", Integer)), table(Column("a", BigInteger), Column("b", Integer, nullable=False, server_default="0"),
                                           Column("c", String(9))), []),
        (table(Column("a", String(20), nullable=False)), table(Column("a", String(40))), []),
    ],
)  # fmt: skip
def test_what_an_old_process_could_not_do_any_more_is_named(before: MetaData, after: MetaData, said: list[str]) -> None:
    assert list(faults(before, after)) == said
