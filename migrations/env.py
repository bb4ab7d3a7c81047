"""Runs the migrations on the portal's own engine, in one transaction where the engine can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app

database = current_app.extensions["migrate"].db


def render(kind: str, column_type: Any, _autogen: Any) -> str | bool:
    """Migrations stand alone: our column types are written as what they are in the database."""
    if kind == "type" and type(column_type).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    return False


def ours(name: str | None, kind: str, _parents: Any) -> bool:
    """The search index's tables are made by hand for each engine and stand in no model."""
    return not (kind == "table" and (name or "").startswith("search_document"))


def drop_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """No file for a change that is none."""
    if context.config.cmd_opts and getattr(context.config.cmd_opts, "autogenerate", False):
        if directives[0].upgrade_ops.is_empty():
            directives[:] = []


@contextmanager
def rows_that_refer(connection: Any) -> Iterator[None]:
    """SQLite changes a table by writing it anew; meanwhile nothing may look after the rows that refer to it.

    What they refer to is looked after at the end, before the commit.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    bare = connection.connection.dbapi_connection  # outside of a transaction, in which the switch does nothing
    bare.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        bare.execute("PRAGMA foreign_keys=ON")


def run() -> None:
    """Upgrade or downgrade on a connection of the portal's engine."""
    with database.engine.connect() as connection, rows_that_refer(connection):
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_item=render,
            include_name=ours,
            render_as_batch=True,
            transactional_ddl=True,  # on SQLite too, because our own BEGIN stands before it: killed half-way, all is as before
            process_revision_directives=drop_empty,
        )
        with context.begin_transaction():
            context.run_migrations()
            if connection.dialect.name == "sqlite":
                astray = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if astray:
                    raise RuntimeError(f"the migration leaves rows that refer to nothing: {tuple(astray)}")
        connection.commit()


run()
