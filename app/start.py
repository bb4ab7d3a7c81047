"""What is looked at once, before a process begins its work."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from flask import Flask
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app import logs
from app.config import Config, ConfigError
from app.extensions import db
from app.services import accounts, health

REFUSED = "A production portal does not start while demo accounts exist: begin with a new database"
HALF = "The database has not the tables of this version: run `flask --app wsgi db upgrade`, then start again"
NEVER_TAKES = ("readonly", "unable to open", "not a database", "malformed")  # what SQLite says of a file that stays so
FAILED_TO_BOOT = 3  # what gunicorn's master ends for; after any other code it would start the process again and again
METERS = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client looks for it once, when it is imported


def begin(config: Config, *, web: bool = False) -> None:
    """What a process does before it makes its application: logs, and for the web the folder where the request times of
    all web processes meet."""
    logs.set_up(config.log_format)
    if web and not os.environ.get(METERS):
        _share_meters(config.data_dir / "metrics")


def _share_meters(folder: Path) -> None:
    """Use the folder, emptied where no process of an earlier start is alive; else each process counts for itself."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        files = list(folder.glob("*.db"))
        if not any(_alive(file) for file in files):
            for file in files:
                file.unlink(missing_ok=True)
    except OSError:
        return
    os.environ[METERS] = str(folder)


def _alive(file: Path) -> bool:
    """Whether the process lives whose number the file carries."""
    try:
        os.kill(int(file.stem.rpartition("_")[2]), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def settings() -> Config:
    """The settings of the environment; a mistake in them ends the process with one plain line."""
    try:
        return Config.from_env()
    except ConfigError as error:
        refuse(str(error))


def refuse(line: str) -> NoReturn:
    """Say why on one line, and end so that nobody starts the process again. Raises SystemExit."""
    print(line, file=sys.stderr, flush=True)
    raise SystemExit(FAILED_TO_BOOT)


def refuse_if_unsafe(app: Flask) -> None:
    """End a process that cannot keep anything, meets half a schema, or would run with the demo accounts in production.

    Raises SystemExit after one plain line. A database server that cannot be reached is no reason: `/healthz` tells it,
    and each request looks again until it could be read. The command line starts all the same: it mends what is wrong.
    """
    if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        return
    config: Config = app.extensions["kuaifu"]
    if reason := unwritable(config):
        refuse(reason)
    with app.app_context():
        try:
            session = db.session()
            if health.migrations_pending(session, str(app.extensions["migrate"].directory)):
                refuse(HALF)
            if config.production:
                accounts.refuse_demo_accounts(session)
        except accounts.DemoAccountsExist:
            refuse(REFUSED)
        except SQLAlchemyError:
            return
        finally:
            db.session.remove()
            for engine in db.engines.values():  # whoever is forked from this process opens connections of its own
                engine.dispose()


def unwritable(config: Config) -> str:
    """Why nothing could be kept in the data folder or in the SQLite file; empty where all is well.

    A file that somebody else has locked is well, and so is a full disk: that passes.
    """
    if not config.data_dir.is_dir():
        return f"DATA_DIR {config.data_dir} is not there: make the folder, or name another"
    if not os.access(config.data_dir, os.W_OK | os.X_OK):
        return f"DATA_DIR {config.data_dir} cannot be written: give its rights to the portal's user"
    url = make_url(config.database_url)
    if not url.drivername.startswith("sqlite") or not url.database:
        return ""
    file = Path(url.database)
    if not file.parent.is_dir():
        return f"The folder of the database {file} is not there: make it, or mend DATABASE_URL"
    return f"The database {file} cannot be written ({fault})" if (fault := _fault(file)) else ""


def _fault(file: Path) -> str:
    """What SQLite says to a transaction that would write; nothing stays written, and no file is made."""
    if not file.exists():
        return ""  # tables are missing, and that is told as such
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)) as bare:
            bare.execute("PRAGMA busy_timeout=0")
            bare.execute("BEGIN IMMEDIATE")
            bare.execute("CREATE TABLE kuaifu_trial (n)")  # only a write tells that the file takes none
            bare.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        return str(error) if any(word in str(error) for word in NEVER_TAKES) else ""
    return ""
