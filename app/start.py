"""What is looked at once, before a process begins its work."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app import logs
from app.config import Config
from app.extensions import db
from app.services import accounts

REFUSED = "A production portal does not start while demo accounts exist: begin with a new database"
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
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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


def refuse_if_unsafe(app: Flask) -> None:
    """End a production process that would run with the demo accounts. Raises SystemExit with one plain line.

    A database that cannot be read yet (down, or not migrated) is no reason: `/healthz` tells it, and each request
    looks again until it could be read.
    """
    if not app.extensions["kuaifu"].production:
        return
    with app.app_context():
        try:
            accounts.refuse_demo_accounts(db.session())
        except accounts.DemoAccountsExist:
            raise SystemExit(REFUSED) from None
        except SQLAlchemyError:
            return
        finally:
            db.session.remove()
