"""Makes the data set of a size on an engine, unless it is there already."""

from __future__ import annotations

import sys
import time

from flask import Flask
from sqlalchemy import text

from app import clock, create_app
from app.config import Config
from app.extensions import db
from app.services import demo, recounts
from bench import company, multiply, tickets
from bench.places import FOLDER, Place


def portal(address: str) -> Flask:
    """The portal on that database, as the command line has it."""
    return create_app(Config.from_env({"DATABASE_URL": address, "DATA_DIR": str(FOLDER), "UNDO_SECONDS": "0"}))


def ensure(place: Place) -> None:
    """Make it, and remember that it is whole."""
    if place.finished():
        return
    print(f"making {place.size} tickets on {place.engine} (once)", file=sys.stderr, flush=True)
    app = portal(place.make())
    begun = time.monotonic()
    with app.app_context():
        _fill(place.size, begun)
        db.session.remove()
        if place.engine == "sqlite":  # a copy is of the file alone
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    place.finish()


def _fill(size: int, begun: float) -> None:
    from flask_migrate import upgrade

    now = clock.now()
    upgrade()
    demo.load(now=now, callback_url="http://127.0.0.1:9/callback", tickets=False)
    session = db.session()
    house = company.assemble(session, size, now)
    session.commit()
    written = multiply.part(size, db.engine.dialect.name)
    for done in tickets.write(session, house, written, now):
        _tell(f"{done} tickets", begun)
    if written < size:
        for step in multiply.multiply(db.engine, size // written):
            _tell(step, begun)
    print(file=sys.stderr)
    recounts.recount(session, sites=True)
    session.commit()
    _tidy()


def _tell(step: str, begun: float) -> None:
    print(f"\r{step:<40} {time.monotonic() - begun:6.0f} s", end="", file=sys.stderr, flush=True)


def _tidy() -> None:
    """As it is where the server has had time for it: what the planner wants to know, and which pages are whole."""
    said = "ANALYZE" if db.engine.dialect.name == "sqlite" else "VACUUM (ANALYZE)"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(said))
