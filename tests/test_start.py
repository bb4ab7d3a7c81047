"""What a process looks at once before it begins: what it refuses, in one line, and for good."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.config import Config
from app.start import FAILED_TO_BOOT, HALF, REFUSED, refuse_if_unsafe, unwritable
from tests.cast import assemble
from tests.failing import kill
from tests.rights import without_rights

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def production(app, database):
    """The app of the test, told that it is a production portal."""
    known = app.extensions["kuaifu"]
    app.extensions["kuaifu"] = replace(known, environment="production")
    yield app
    app.extensions["kuaifu"] = known


def refused(app: Any, capsys: Any) -> str:
    """What the process says before it ends; gunicorn's master ends too for this code alone."""
    with pytest.raises(SystemExit) as end:
        refuse_if_unsafe(app)
    assert end.value.code == FAILED_TO_BOOT == 3
    said: str = capsys.readouterr().err
    assert said.count("\n") == 1
    return said.strip()


def test_a_production_process_ends_while_demo_accounts_exist(production, db_session, capsys):
    from app.models import User

    assemble()
    db_session.query(User).update({"demo": True})
    db_session.commit()
    assert refused(production, capsys) == REFUSED


def test_a_production_process_starts_on_a_database_of_real_accounts(production, db_session):
    assemble()
    assert refuse_if_unsafe(production) is None


# --- half a schema ---


def stand_at(database: Any, version: str) -> None:
    database.session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    database.session.commit()


def test_a_process_ends_where_the_tables_are_older_than_its_version_and_goes_on_beside_newer_ones(
    app, database, capsys, monkeypatch
):
    kept = database.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    try:
        stand_at(database, "0004_attachments")
        assert refused(app, capsys) == HALF
        monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
        assert refuse_if_unsafe(app) is None  # the command that brings them up begins in the same way
        monkeypatch.delenv("FLASK_RUN_FROM_CLI")
        stand_at(database, "9999_of_the_next_release")
        assert refuse_if_unsafe(app) is None
        assert app.test_client().get("/healthz").status_code == 200
    finally:
        stand_at(database, kept)


@pytest.mark.sqlite_only
def test_an_upgrade_that_was_killed_in_the_middle_leaves_the_old_schema_whole_and_is_done_again(tmp_path, capsys):
    from flask_migrate import upgrade

    from app import create_app, failpoints
    from app.extensions import db

    def tables() -> list[tuple[str, str]]:
        with sqlite3.connect(tmp_path / "old.sqlite3") as bare:
            return bare.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()

    portal = create_app(Config.for_tests(f"sqlite:///{tmp_path / 'old.sqlite3'}", data_dir=tmp_path))
    with portal.app_context():
        upgrade(revision="0004_attachments")
        before = tables()

        def interrupted() -> None:
            from alembic.operations import Operations

            real = Operations.create_index

            def counted(self: Any, *what: Any, **how: Any) -> Any:
                failpoints.reach("migration.index")
                return real(self, *what, **how)

            Operations.create_index = counted
            upgrade()

        assert kill(interrupted, "migration.index", nth=30) < 0
        assert tables() == before
        assert refused(portal, capsys) == HALF
        upgrade()
        assert refuse_if_unsafe(portal) is None
        db.session.remove()
        db.engine.dispose()


# --- what nothing can be written into ---


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, with a database in it."""
    place = Path(tempfile.mkdtemp(prefix="kuaifu-start-"))
    place.chmod(0o755)
    sqlite3.connect(place / "kuaifu.sqlite3").execute("CREATE TABLE one (n)").connection.close()
    yield place
    place.chmod(0o755)
    shutil.rmtree(place)


def at(place: Path, name: str = "kuaifu.sqlite3") -> Config:
    return Config(database_url=f"sqlite:///{place / name}", data_dir=place)


def test_a_read_only_file_is_told_in_one_line(folder):
    (folder / "kuaifu.sqlite3").chmod(0o444)
    folder.chmod(0o777)
    said = without_rights(lambda: unwritable(at(folder)))
    assert said == f"The database {folder / 'kuaifu.sqlite3'} cannot be written (attempt to write a readonly database)"


def test_a_read_only_folder_is_told_in_one_line(folder):
    folder.chmod(0o555)
    assert without_rights(lambda: unwritable(at(folder))) == (
        f"DATA_DIR {folder} cannot be written: give its rights to the portal's user"
    )


def test_a_missing_folder_is_told_and_not_made(folder):
    gone = folder / "not-mounted"
    assert unwritable(at(gone)) == f"DATA_DIR {gone} is not there: make the folder, or name another"
    elsewhere = replace(at(folder), database_url=f"sqlite:///{gone / 'kuaifu.sqlite3'}")
    assert unwritable(elsewhere).startswith(f"The folder of the database {gone / 'kuaifu.sqlite3'} is not there")
    assert not gone.exists()


def test_what_is_no_database_is_told_and_one_that_somebody_holds_is_waited_for(folder):
    (folder / "other.sqlite3").write_bytes(b"not a database at all" * 100)
    assert unwritable(at(folder, "other.sqlite3")).endswith("(file is not a database)")
    with sqlite3.connect(folder / "kuaifu.sqlite3", isolation_level=None) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert unwritable(at(folder)) == ""
    assert unwritable(at(folder)) == ""


@pytest.mark.engine_free  # a process of its own on a folder that is not there
@pytest.mark.parametrize("command", [["-m", "gunicorn", "-b", "127.0.0.1:0", "--no-control-socket", "wsgi:app"],
                                     ["worker.py", "--scheduler"]], ids=["web", "scheduler"])  # fmt: skip
def test_the_processes_themselves_end_for_good_with_one_line(tmp_path, command):
    env = {"PATH": os.environ["PATH"], "KUAIFU_ENV": "production", "SECRET_KEY": "k" * 32,
           "DATA_DIR": str(tmp_path / "none")}  # fmt: skip
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60,
                          check=False)  # fmt: skip
    assert done.returncode == FAILED_TO_BOOT
    assert "DATA_DIR" in done.stderr and "Traceback" not in done.stderr
