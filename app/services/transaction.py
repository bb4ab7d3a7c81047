"""The write transaction: the only place that commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.extensions import db
from app.models.dialect import WRITE


@contextmanager
def write() -> Iterator[Session]:
    """Open a write transaction, commit at the end, roll back on any error.

    A read transaction of the request is ended first: a read that turns into a write would not wait on SQLite.
    Everything the service needs is loaded inside, scope included.
    """
    session: Session = db.session()
    session.rollback()
    session.connection(execution_options={WRITE: True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
