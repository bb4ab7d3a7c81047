"""The big trial: the same lists over so many tickets, what each costs, and what grew.

    python -m tests.tools.many 1000 1000000 [--fast] [--url postgresql+psycopg://root@127.0.0.1:5432/test] [--grown]

Without an address a SQLite file under /tmp, deleted at the end; on PostgreSQL a schema of its own, dropped at the end.
`--fast` makes the indexes after the rows and, where the role may, leaves out what looks after references; `--grown`
prints only what grew. Figures are statements, work (rows examined on PostgreSQL, hundreds of virtual machine steps on
SQLite) and milliseconds, the best of three.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app import create_app
from app.config import Config
from app.extensions import db
from tests.databases import postgresql_schema
from tests.tools import filling, lists
from tests.tools.filling import NOW, Company


def measured(company: Company) -> dict[str, tuple[int, int, float]]:
    """Statements, work and milliseconds of every list of every desk."""
    found = {}
    for desk, role in (("site", "site_clerk"), ("lcs", "lcs"), ("ccs", "ccs_manager")):
        actor = company.actor(role)
        for name, call in lists.of_desk(desk).items():
            session = db.session()
            statements, work = lists.cost(session, call, actor, NOW)
            times = []
            for _ in range(3):
                begun = time.perf_counter()
                call(session, actor, NOW)
                times.append(1000 * (time.perf_counter() - begun))
            found[f"{desk}: {name}"] = (statements, work, min(times))
            session.rollback()
    return found


@contextlib.contextmanager
def portal(url: str) -> Iterator[Any]:
    """An application on an empty, migrated database."""
    from flask_migrate import upgrade

    with tempfile.TemporaryDirectory(dir="/tmp") as folder, contextlib.ExitStack() as stack:
        address = stack.enter_context(postgresql_schema(url)) if url else f"sqlite:///{folder}/many.sqlite3"
        app = create_app(Config.for_tests(address, "redis://127.0.0.1:9/0", Path(folder)))
        with app.app_context(), app.test_request_context():
            upgrade()
            yield app
            db.session.remove()
            db.engine.dispose()


def main() -> None:
    """Run it for each number of tickets, and print the table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("tickets", nargs="+", type=int)
    asked.add_argument("--url", default="")
    asked.add_argument("--fast", action="store_true")
    asked.add_argument("--grown", action="store_true")
    given = asked.parse_args()
    tables = []
    for whole in given.tickets:
        with portal(given.url):
            tables.append(measured(filling.fill(db.session(), whole, fast=given.fast, told=True)))
    few, many = tables[0], tables[-1]
    for name, (statements, work, took) in many.items():
        before = few[name]
        grew = statements > before[0] or lists.grew(name.split(": ")[1], before[1], work, steps=not given.url)
        if given.grown and not grew:
            continue
        told = f"{before[0]:>3} {before[1]:>7} {before[2]:>7.1f} | {statements:>3} {work:>9} {took:>8.1f}"
        print(f"{told}  {'GREW ' if grew else '     '}{name}")


if __name__ == "__main__":
    main()
