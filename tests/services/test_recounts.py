"""Counters are recounted while work goes on, by however many schedulers: nobody fails, and no change is lost."""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import delete, select

from app.extensions import db
from app.models import Counter, WorkItem
from app.services import recounts
from app.services.transaction import write
from tests.cast import Cast, push

PATIENCE = 30.0


def begun(app: Flask, do: Callable[[], Any]) -> tuple[threading.Thread, list[Exception]]:
    """Another process's work, as a thread with a connection of its own; what it raised."""
    raised: list[Exception] = []

    def run() -> None:
        with app.app_context():
            try:
                do()
            except Exception as error:
                raised.append(error)
            finally:
                db.session.remove()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def recount(**how: bool) -> None:
    with write() as session:
        recounts.recount(session, **how)


def kept(session: Any) -> dict[tuple[int, str], int]:
    session.rollback()
    return {(row.scope, row.queue): row.n for row in session.scalars(select(Counter).where(Counter.n != 0))}


def test_two_schedulers_that_recount_at_once_are_harmless(app, cast: Cast, db_session) -> None:
    push(cast, "W1")
    with write() as session:
        session.execute(delete(Counter))
    with write() as session:
        recounts.recount(session, sites=True)
        session.flush()
        other, raised = begun(app, recount)
        other.join(0.5)
    other.join(PATIENCE)
    assert not raised


def test_a_ticket_that_comes_during_the_nightly_recount_is_counted(app, cast: Cast, db_session, monkeypatch) -> None:
    push(cast, "W1")
    real, came = recounts._store_counts, []

    def store(*what: Any) -> int:
        came.append(begun(app, lambda: push(cast, "W2")))
        came[0][0].join(1)  # it has its time to come in between
        return real(*what)

    monkeypatch.setattr(recounts, "_store_counts", store)
    recount(sites=True)
    monkeypatch.setattr(recounts, "_store_counts", real)
    came[0][0].join(PATIENCE)
    assert not came[0][1]
    recount()
    counted: Tally[tuple[int, str]] = Tally()
    for item in db_session.scalars(select(WorkItem)):
        counted.update([(item.scope, item.queue), (item.scope, "all")])
        counted.update([(item.scope, "todo")] * item.turn + [(item.scope, "overdue")] * item.overdue)
    assert kept(db_session) == counted
