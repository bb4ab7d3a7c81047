"""`flask doctor` on a real portal: it names what is wrong, and its exit code says whether something is BAD."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text, update

from app.models import Connection
from tests.cast import NOON, assemble


def findings(app: Any) -> tuple[dict[str, dict[str, str]], int]:
    told = app.test_cli_runner().invoke(args=["doctor", "--json"])
    return {one["what"]: one for one in json.loads(told.output)}, told.exit_code


def test_a_portal_that_is_well_has_nothing_bad(app, database):
    assemble()
    found, code = findings(app)
    assert code == 0 and not [one for one in found.values() if one["level"] == "BAD"]
    assert {"Python", "database", "migrations", "clock", "disk", "store", "Redis", "SECRET_KEY", "PDF", "SMS"} <= set(
        found
    )
    assert {"platform demo", "worker", "exports", "scheduler", "accounts"} <= set(found)


def test_an_old_schema_is_bad_and_the_advice_names_the_command(app, database):
    kept = database.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    for version in ("0001", kept):
        database.session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
        database.session.commit()
        if version != kept:
            found, code = findings(app)
    assert code == 1 and found["migrations"]["level"] == "BAD" and "make upgrade" in found["migrations"]["advice"]
    assert "platform demo" not in found  # rows of a foreign schema are not read


def test_a_connection_without_a_secret_is_bad(app, database):
    assemble()
    database.session.execute(update(Connection).values(secrets=[]))
    database.session.commit()
    found, code = findings(app)
    assert code == 1 and found["platform demo"]["level"] == "BAD"


def test_answers_that_were_given_up_are_counted_for_their_platform_only(app, database):
    from app import clock
    from app.models import Outbox, PlatformOrder
    from app.models.ids import new_id
    from tests.cast import push, ticket

    cast = assemble()
    one = ticket(database.session, push(cast))
    order = database.session.query(PlatformOrder).one()
    for n, (lane, state) in enumerate(
        [(f"order:{order.id}", "failed"), (f"order:{order.id}", "sent"), ("x", "failed")]
    ):
        database.session.add(
            Outbox(id=new_id(), kind="callback", key=f"k{n}", lane=lane, ticket_id=one.id, payload={}, state=state,
                   created_at=clock.now())
        )  # fmt: skip
    database.session.commit()
    found, code = findings(app)
    assert code == 0 and found["platform demo"]["said"].startswith("1 answers")


def test_a_database_that_is_away_is_one_line_and_the_rest_is_looked_at(tmp_path):
    from app import create_app
    from app.config import Config

    portal = create_app(Config.for_tests(f"sqlite:///{tmp_path}/none/there.sqlite3", data_dir=tmp_path))
    found, code = findings(portal)
    assert code == 1 and found["database"]["level"] == "BAD" and "unable to open" in found["database"]["said"]
    assert found["Redis"]["level"] == "warn" and "SECRET_KEY" in found


def test_the_page_for_people_has_a_line_each_and_the_advice_below(app, database):
    assemble()
    told = app.test_cli_runner().invoke(args=["doctor"]).output
    assert "→ start `python worker.py --scheduler`" in told and told.splitlines()[-1].startswith("doctor: ")


@pytest.mark.postgresql_only
def test_the_clock_is_held_against_the_databases(app, database, monkeypatch):
    assemble()
    monkeypatch.setattr("app.clock.now", lambda: NOON)
    found, code = findings(app)
    assert code == 1 and found["clock"]["level"] == "BAD" and "chrony" in found["clock"]["advice"]
