"""Behind a pooler in transaction mode the portal sets nothing for a session and prepares no statement."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from app import create_app
from app.config import Config, ConfigError
from app.extensions import db
from app.models.dialect_locks import hold


@pytest.fixture
def pooled(app, engine_url, redis_url, data_dir):
    """An application of its own on the test's database, told that a pooler stands in between."""
    portal = create_app(replace(Config.for_tests(engine_url, redis_url, data_dir), database_pooled=True))
    with portal.app_context():
        yield db.engine
        db.session.remove()
        db.engine.dispose()


def test_the_setting_is_none_or_transaction(tmp_path):
    said = {text: Config.from_env({"DATA_DIR": str(tmp_path), "DATABASE_POOLER": text}).database_pooled
            for text in ("", "none", "transaction")}  # fmt: skip
    assert said == {"": False, "none": False, "transaction": True}
    with pytest.raises(ConfigError):
        Config.from_env({"DATA_DIR": str(tmp_path), "DATABASE_POOLER": "session"})


@pytest.mark.postgresql_only
def test_nothing_is_set_for_a_session_and_nothing_is_prepared(pooled):
    with pooled.connect() as connection:
        jit = connection.execute(text("SELECT setting FROM pg_settings WHERE name = 'jit' AND source = 'session'"))
        assert jit.all() == []
        for _ in range(12):
            connection.execute(text("SELECT 1"))
        assert connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar() == 0
    with db_engine_without_pooler() as connection:
        jit = connection.execute(text("SELECT setting FROM pg_settings WHERE name = 'jit' AND source = 'session'"))
        assert jit.all() == [("off",)]


def db_engine_without_pooler():
    from flask import current_app

    config = replace(current_app.extensions["kuaifu"], database_pooled=False)
    portal = create_app(config)
    with portal.app_context():
        return db.engine.connect()


def test_a_key_is_held_by_one_at_a_time_and_free_again_afterwards(pooled):
    with hold(pooled, "import") as first, hold(pooled, "import") as second, hold(pooled, "other") as other:
        assert (first, second, other) == (True, False, True)
    with hold(pooled, "import") as again:
        assert again


@pytest.mark.postgresql_only
def test_a_key_is_held_for_a_transaction_so_that_it_never_stays_with_a_stranger(pooled):
    with hold(pooled, "import"), pooled.connect() as other:
        sessions = text(
            "SELECT state FROM pg_stat_activity AS a JOIN pg_locks AS l USING (pid) WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert "idle in transaction" in other.execute(sessions).scalars().all()


@pytest.mark.postgresql_only
def test_server_and_portal_miss_each_other_within_seconds_where_one_goes_away_without_a_word(app, database):
    with app.app_context(), db.engine.connect() as connection:
        names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
        server = [int(connection.execute(text(f"SELECT setting FROM pg_settings WHERE name = '{name}'")).scalar_one())
                  for name in names]  # fmt: skip
        ours = connection.connection.dbapi_connection.info.get_parameters()
    assert server[0] + server[1] * server[2] <= 15 and 0 < server[3] <= 10_000
    waits = [int(ours[name]) for name in ("keepalives_idle", "keepalives_interval", "keepalives_count")]
    assert waits[0] + waits[1] * waits[2] <= 15 and 0 < int(ours["tcp_user_timeout"]) <= 10_000


def test_what_the_address_says_of_its_lines_counts_more_than_what_we_would_say(tmp_path):
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=20&tcp_user_timeout=60000"
    portal = create_app(Config.for_tests(url, data_dir=tmp_path))
    with portal.app_context():
        told = db.engine.dialect.create_connect_args(db.engine.url)[1]
        ours = portal.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
    assert (told["connect_timeout"], told["tcp_user_timeout"]) == ("20", "60000")
    assert set(ours) == {"keepalives_idle", "keepalives_interval", "keepalives_count"}


def test_a_replica_is_given_up_in_half_the_time_unless_its_address_says_otherwise(tmp_path):
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    settings = replace(Config.for_tests(url, data_dir=tmp_path), read_database_url=url)
    own = replace(settings, read_database_url=f"{url}?tcp_user_timeout=60000")
    first, told = (create_app(one).config["SQLALCHEMY_BINDS"]["reader"]["connect_args"] for one in (settings, own))
    assert (first["connect_timeout"], first["tcp_user_timeout"]) == (2, 4_000)
    assert "tcp_user_timeout" not in told and told["connect_timeout"] == 2
