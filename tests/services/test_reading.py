"""A second database for reading: used while it is near, and done without when it is far behind, broken or away."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import make_url, select, text

from app import create_app
from app.config import Config
from app.extensions import READER, db
from app.models import Organisation
from app.services import health, reading
from tests.cast import NOON, assemble

NAMES = select(Organisation.name).where(Organisation.code == "330106-01")


@contextlib.contextmanager
def portal(engine_url, data_dir, second):
    """An application of its own on the test's database, with that one to read from."""
    made = create_app(replace(Config.for_tests(engine_url, "", data_dir), read_database_url=second))
    with made.app_context():
        try:
            yield
        finally:
            db.session.remove()
            for engine in db.engines.values():
                reading._standings.pop(engine, None)
                engine.dispose()


@pytest.fixture
def copied(database, engine_url, data_dir, tmp_path):
    """A copy in which the site has another name, so that it can be told who was read."""
    assemble()
    health.beat(process="scheduler", now=NOON)
    database.session.remove()
    file = tmp_path / "replica.sqlite3"
    here = contextlib.closing(sqlite3.connect(make_url(engine_url).database))
    with here as source, contextlib.closing(sqlite3.connect(file)) as there:
        source.backup(there)
        there.execute("UPDATE organisation SET name = 'of the replica' WHERE code = '330106-01'")
        there.commit()
    with portal(engine_url, data_dir, f"sqlite:///{file}"):
        yield file


def who():
    return reading.read(lambda session: session.scalars(NAMES).one()) == "of the replica"


def look_again():
    """As if the pause until the next look were over."""
    for known in reading._standings.values():
        known.until = time.monotonic()


@pytest.mark.sqlite_only
def test_a_replica_that_is_near_is_read_and_one_that_falls_behind_is_not_until_it_is_near_again(copied):
    assert who()
    health.beat(process="worker", now=NOON + reading.MOST_BEHIND)
    look_again()
    assert who()
    health.beat(process="worker", now=NOON + reading.MOST_BEHIND + timedelta(seconds=1))
    assert who()  # how far it is is looked up every few seconds
    look_again()
    assert not who()
    with contextlib.closing(sqlite3.connect(copied)) as there:
        there.execute("UPDATE heartbeat SET at = (SELECT max(at) FROM heartbeat)")
        there.execute("UPDATE heartbeat SET at = replace(at, ':00', ':05')")
        there.commit()
    look_again()
    assert who()


@pytest.mark.sqlite_only
def test_a_replica_that_breaks_in_the_middle_is_done_without_and_left_alone_for_a_while(copied):
    asked = []

    def work(session):
        asked.append(session.get_bind())
        if len(asked) == 1:
            session.execute(text("SELECT nothing FROM nowhere"))
        return session.scalars(NAMES).one()

    assert reading.read(work) != "of the replica"
    assert asked == [db.engines[READER], db.engine]
    assert not who()
    look_again()
    assert who()


@pytest.mark.sqlite_only
def test_what_the_work_itself_raises_is_not_taken_for_a_broken_replica(copied):
    with pytest.raises(KeyError):
        reading.read(lambda session: {}["missing"])
    assert who()


def test_a_replica_that_cannot_be_reached_is_done_without(database, engine_url, data_dir):
    assemble()
    health.beat(process="scheduler", now=NOON)
    database.session.remove()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = f"postgresql+psycopg://nobody@127.0.0.1:{nobody.getsockname()[1]}/none"
        with portal(engine_url, data_dir, closed):
            begun = time.monotonic()
            assert not who()
            assert not who()
            assert time.monotonic() - begun < 5


def test_without_a_second_address_the_first_database_is_read(database):
    assemble()
    assert reading.read(lambda session: session) is database.session()
