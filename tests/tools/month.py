"""The month at size: a database filled with a month of so many tickets, its freeze, and one raw statement beside it.

    createdb many_month
    python -m tests.tools.month 3000000 10000 --url postgresql+psycopg://root@127.0.0.1:5432/many_month
    python -m tests.tools.month --filled --url …    (measure again what is there)

The database must be empty and nobody else's. PostgreSQL makes the rows itself, without indexes, which are built
afterwards. A ticket has three events and three clock runs, one of 25 a promise, one of 20 a penalty, one of 40 an audit
or a rating, one of 50 an appeal. Printed are seconds, peak memory of this process, and every statement over half a
second.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event, text

from app import create_app
from app.config import Config
from app.domain.roles import Actor
from app.extensions import db
from app.services import month_freeze
from app.services.month_freeze import Frozen
from tests.tools.month_sql import FILL, RAW, RESET

MONTH = "2026-10"
NOW = datetime(2026, 11, 6, 2, tzinfo=UTC)
HEAD = Actor(1, "ccs_manager", 1, None, "head")
SLOW = 0.5  # seconds from which on a statement is named
CHUNK = 250_000  # tickets


def fill(tickets: int, sites: int) -> None:
    """The rows, chunk by chunk, between taking the indexes away and building them again."""
    session = db.session()
    session.execute(text("SET session_replication_role = replica"))
    indexes = _indexes(session)
    for name, _definition in indexes:
        session.execute(text(f"DROP INDEX {name}"))
    begun = time.monotonic()
    for start in range(0, tickets, CHUNK):
        named = {"first": start, "last": min(start + CHUNK, tickets) - 1, "sites": sites, "tickets": tickets}
        for statement in FILL["once"] if start == 0 else ():
            session.execute(text(statement), {"sites": sites})
        for statement in FILL["each"]:
            session.execute(text(statement), named)
        session.commit()
        _tell(f"{named['last'] + 1} tickets, {time.monotonic() - begun:.0f} s")
    for _name, definition in indexes:
        session.execute(text(definition))
        session.commit()
        _tell(f"indexes, {time.monotonic() - begun:.0f} s")
    session.execute(text("ANALYZE"))
    session.commit()
    print(file=sys.stderr)


def _indexes(session: Any) -> list[tuple[str, str]]:
    """Name and definition of every index of the large tables that is no constraint."""
    asked = text(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename IN "
        "('ticket', 'event', 'clock', 'audit', 'survey', 'appeal', 'penalty') AND indexname NOT IN "
        "(SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u'))"
    )
    return [(row[0], row[1]) for row in session.execute(asked)]


def _tell(said: str) -> None:
    print(f"\r{said}    ", end="", file=sys.stderr, flush=True)


@contextmanager
def overheard() -> Iterator[list[tuple[float, str]]]:
    """Seconds and text of every statement meanwhile, without the time in which its rows are read."""
    said: list[tuple[float, str]] = []
    begun: list[float] = []

    def before(*_all: Any) -> None:
        begun.append(time.perf_counter())

    def after(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append((time.perf_counter() - begun.pop(), " ".join(statement.split())))

    event.listen(db.engine, "before_cursor_execute", before)
    event.listen(db.engine, "after_cursor_execute", after)
    try:
        yield said
    finally:
        event.remove(db.engine, "before_cursor_execute", before)
        event.remove(db.engine, "after_cursor_execute", after)


def raw() -> tuple[float, dict[str, int]]:
    """Seconds of the one statement, and its sums over all sites."""
    session, begun = db.session(), time.perf_counter()
    rows = session.execute(text(RAW)).mappings().all()
    took = time.perf_counter() - begun
    session.rollback()
    names = ("tickets", "first_reply_due", "resolve_in_time", "results", "audited_true", "upheld", "rating_sum")
    return took, {name: sum(int(row[name] or 0) for row in rows) for name in names}


def frozen() -> tuple[float, Frozen, list[tuple[float, str]]]:
    """Seconds of the freeze, what it did, and its statements."""
    session = db.session()
    for statement in RESET:
        session.execute(text(statement), {"month": MONTH})
    session.commit()
    with overheard() as said:
        begun = time.perf_counter()
        done = month_freeze.freeze(actor=HEAD, month=MONTH, now=NOW)
        took = time.perf_counter() - begun
    return took, done, said


def main() -> None:
    """Fill where asked, measure, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("tickets", nargs="?", type=int, default=300_000)
    asked.add_argument("sites", nargs="?", type=int, default=10_000)
    asked.add_argument("--url", required=True)
    asked.add_argument("--filled", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        app = create_app(Config.for_tests(given.url, "redis://127.0.0.1:9/0", Path(folder)))
        with app.app_context(), app.test_request_context():
            if not given.filled:
                from flask_migrate import upgrade

                upgrade()
                fill(given.tickets, given.sites)
            _measure()
            db.session.remove()
            db.engine.dispose()


def _measure() -> None:
    at_start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    raw()  # once for the caches
    alone, sums = raw()
    took, done, said = frozen()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for seconds, statement in sorted(said, reverse=True):
        if seconds >= SLOW:
            print(f"{seconds:7.1f} s  {statement[:110]}")
    rest = took - sum(seconds for seconds, _statement in said)
    print(f"freeze {took:.1f} s ({rest:.1f} s outside of statements), {done.cards} cards; raw statement {alone:.1f} s; "
          f"{took / alone:.1f} times; peak {peak} MB (before {at_start} MB)")  # fmt: skip
    house = text("SELECT body::json->'facts' FROM frozen_card WHERE month = :month AND kind = 'headquarters'")
    facts = db.session().execute(house, {"month": MONTH}).scalar_one()
    wrong = {name: (n, facts[name]) for name, n in sums.items() if facts[name] != n}
    print("the network's card has the raw statement's sums" if not wrong else f"DIFFERENT: {wrong}")


if __name__ == "__main__":
    main()
