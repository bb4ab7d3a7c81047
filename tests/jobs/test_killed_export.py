"""An export whose worker process is killed: the next one goes on from the last finished page and leaves no litter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from signal import SIGKILL

import openpyxl
import pytest
from sqlalchemy import select

from app.domain import exports as rule
from app.domain.stores import Address
from app.integrations import stores
from app.jobs import exports as work
from app.models import Export
from app.services import export_work, exports
from app.services.exports import OrderIn
from tests.cast import assemble, push
from tests.failing import kill

ROWS = 5


def begin(export_id: int) -> None:
    """What a worker does with an export, two rows a page."""
    export_work.read.__kwdefaults__["size"] = 2  # of the process that is killed
    work.run_one(export_id)


@pytest.mark.parametrize(("step", "nth"), [("kept", 2), ("turned", 2), ("built", 1), ("taken", 1)])
def test_a_killed_export_is_finished_by_the_next_worker(app, database, db_session, tmp_path, step, nth):
    cast, known = assemble(), app.extensions["kuaifu"]
    numbers = [push(cast, f"W{n}") for n in range(ROWS)]
    order = OrderIn("queue", "queue", {"queue": "all"}, "", "xlsx", "zh")
    export_id = exports.ask(actor=cast["ccs"], order=order, key="", address="", now=datetime.now(UTC))
    app.extensions["kuaifu"] = replace(known, data_dir=tmp_path, redis_url="")
    try:
        assert kill(lambda: begin(export_id), f"export.{step}", nth) == -SIGKILL
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
