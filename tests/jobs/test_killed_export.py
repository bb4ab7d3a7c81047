"""An export whose worker process is killed: the next one goes on from the last finished page and leaves no litter."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from app.domain import exports as rule
from app.domain.stores import Address
from app.integrations import stores
from app.jobs import exports as work
from app.models import Export
from app.services import exports
from app.services.exports import OrderIn
from tests.cast import assemble, push
from tests.failing import CHILD

ROOT = Path(__file__).resolve().parents[2]
ROWS = 5
ACT = """from app.services import export_work
    export_work.read.__kwdefaults__["size"] = 2
    from app.jobs import exports
    exports.run_one(int(sys.argv[1]))"""
WORKER = CHILD.format(act=ACT)


@pytest.mark.parametrize(("step", "nth"), [("kept", 2), ("turned", 2), ("built", 1), ("taken", 1)])
def test_a_killed_export_is_finished_by_the_next_worker(app, database, engine_url, db_session, tmp_path, step, nth):
    cast, known = assemble(), app.extensions["kuaifu"]
    numbers = [push(cast, f"W{n}") for n in range(ROWS)]
    order = OrderIn("queue", "queue", {"queue": "all"}, "", "xlsx", "zh")
    export_id = exports.ask(actor=cast["ccs"], order=order, key="", address="", now=datetime.now(UTC))
    env = {**os.environ, "KUAIFU_ENV": "test", "DATABASE_URL": engine_url, "DATA_DIR": str(tmp_path),
           "SECRET_KEY": "k" * 32, "REDIS_URL": ""}  # fmt: skip
    killed = subprocess.run(
        [sys.executable, "-c", WORKER, str(export_id), f"export.{step}", str(nth)],
        env=env,
        cwd=ROOT,
        capture_output=True,
        timeout=60,
    )
    assert killed.returncode == -9, killed.stderr
    app.extensions["kuaifu"] = replace(known, data_dir=tmp_path)
    try:
        assert work.run_one(export_id) == "busy"
        db_session.rollback()
        row = db_session.scalars(select(Export)).one()
        pages = row.pages
        row.lease_until = row.next_try_at = datetime.now(UTC) - timedelta(seconds=1)
        db_session.commit()
        assert work.run_one(export_id) == "done"
        row = db_session.scalars(select(Export).execution_options(populate_existing=True)).one()
        with stores.exports(tmp_path, Address()).open(row.store_name) as file:
            lines = list(openpyxl.load_workbook(file).active.iter_rows(min_row=7, values_only=True))
    finally:
        app.extensions["kuaifu"] = known
    assert [line[0] for line in lines] == numbers[::-1]
    assert pages == {"kept": 1, "turned": 2, "built": 3, "taken": 3}[step]
    assert row.state == "done" and rule.file_name(row.spool, row.token) == row.store_name
    left = [path.name for path in (tmp_path / "exports").rglob("*") if path.is_file()]
    assert left == [row.store_name] and not list((tmp_path / "exports").glob("build-*"))
