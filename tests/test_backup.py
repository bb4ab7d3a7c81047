"""The restore drill: a backup made while the portal works, put back elsewhere, is the same portal (promise 14)."""

from __future__ import annotations

import contextlib
import contextvars
import json
import os
import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.engine import make_url

from app import clock
from app.domain.stores import Address
from app.integrations import stores
from app.integrations.store import keep
from app.models import Attachment, Outbox, SessionRow, SmsHandover, Ticket
from app.models.ids import new_id
from app.services import backups, outbox, replies, seals
from app.services.replies import ResultIn
from tests import invariant
from tests.cast import NOON, assemble, post, push, ticket

NAME = "ab" * 16


@pytest.fixture
def elsewhere(app: Any, engine_url: str, tmp_path: Path) -> Iterator[Any]:
    """Another machine: an application on an empty database of the same kind, with its own folder."""
    from app import create_app
    from app.config import Config

    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if engine_url.startswith("sqlite"):
        yield create_app(Config.for_tests(f"sqlite:///{folder / 'kuaifu.sqlite3'}", data_dir=folder))
        return
    name = f"kuaifu_restore_{os.getpid()}"
    here = create_engine(engine_url, isolation_level="AUTOCOMMIT")
    url = make_url(engine_url).set(database=name)
    with contextlib.closing(here.connect()) as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
        portal = create_app(Config.for_tests(url.render_as_string(hide_password=False), data_dir=folder))
        yield portal
        with portal.app_context():
            from app.extensions import db

            db.engine.dispose()
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    here.dispose()


@pytest.fixture
def working(app: Any, database: Any) -> Any:
    """A portal with tickets, an answer on its way, a waiting SMS, a picture and somebody signed in."""
    cast, session = assemble(), database.session
    number = push(cast)
    replies.result(
        actor=cast["site"],
        post=post(number),
        answer=ResultIn("已联系客户，重新派送", "reached_accepts"),
        now=NOON + timedelta(hours=1),
    )
    held = ticket(session, number)
    keep(stores.attachments(app.extensions["kuaifu"].data_dir, Address()), NAME, b"picture", b"small")
    session.add(Attachment(ticket_id=held.id, store_name=NAME, origin="upload", state="ready", created_at=NOON))
    session.add(SessionRow(token_hash="t" * 64, user_id=cast["site"].user_id, created_at=NOON, active_at=NOON))
    for n, (kind, state) in enumerate([("sms", "pending"), ("sms", "sent"), ("robot", "pending")]):
        session.add(
            Outbox(id=new_id(), kind=kind, key=f"{kind}-{n}", lane=f"l{n}", state=state, created_at=NOON,
                   payload={"phone": "13812345678"}, next_try_at=NOON if state == "pending" else None)
        )  # fmt: skip
    session.commit()
    seals.run(NOON + timedelta(hours=2), behind=0)
    return cast


def run(portal: Any, *words: str) -> Any:
    """A command in a context of its own, as in a process of its own."""
    runner = portal.test_cli_runner()
    return contextvars.Context().run(runner.invoke, args=[str(word) for word in words])


def test_the_restored_portal_is_the_same_and_its_log_is_whole(app, working, elsewhere, tmp_path):
    made = run(app, "backup", tmp_path / "copy")
    assert made.exit_code == 0, made.output
    back = run(elsewhere, "restore", tmp_path / "copy")
    assert back.exit_code == 0 and "rows as they were" in back.output, back.output
    verified = run(elsewhere, "audit", "verify")
    assert verified.exit_code == 0 and "1 tickets" in verified.output and verified.output.strip().endswith("whole")
    again = run(elsewhere, "backup", tmp_path / "again")
    first, second = (json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("copy", "again"))
    changed = {"session", "sms_handover"}  # what a restore puts right
    rows = [{k: v for k, v in one["facts"]["rows"].items() if k not in changed} for one in (first, second)]
    assert again.exit_code == 0 and rows[0] == rows[1] and rows[0]["event"] > 3 and rows[0]["attachment"] == 1
    assert first["facts"]["chains"] == second["facts"]["chains"] and first["facts"]["seal"] == 1
    folder = elsewhere.extensions["kuaifu"].data_dir
    there = stores.attachments(folder, Address())
    assert there.get(NAME) == b"picture" and there.get(f"{NAME}-t") == b"small"


def test_a_restored_portal_sends_no_sms_twice_and_signs_everybody_out(app, working, elsewhere, tmp_path):
    run(app, "backup", tmp_path / "copy")
    assert run(elsewhere, "restore", tmp_path / "copy").exit_code == 0
    with elsewhere.app_context():
        from app.extensions import db

        rows = {row.key: row for row in db.session.scalars(select(Outbox).where(Outbox.kind != "callback"))}
        assert rows["sms-0"].state == "unknown" and rows["sms-1"].state == "sent"
        assert rows["robot-2"].state == "failed" and rows["robot-2"].next_try_at is None
        handed = db.session.get(SmsHandover, rows["sms-0"].id)
        assert handed.at == NOON and db.session.scalar(select(SessionRow)) is None
        # the claim of a row in doubt asks first
        assert outbox._claim(rows["sms-0"].id, clock.now(), 60)[1] is True
        waiting = db.session.scalars(select(Outbox.state).where(Outbox.kind == "callback")).all()
        assert waiting and set(waiting) == {"pending"}


def test_a_backup_among_writers_is_one_picture(app, working, elsewhere, tmp_path):
    """Pushes go on all the time; what was copied hangs together, whichever of them are in it."""
    stop, pushed = threading.Event(), []

    def write() -> None:
        with app.app_context():
            while not stop.is_set() and len(pushed) < 500:
                pushed.append(push(working, f"X{len(pushed)}"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(pushed) < 3 and writer.is_alive():
            writer.join(0.01)
        made = run(app, "backup", tmp_path / "copy")
    finally:
        stop.set()
        writer.join()
    assert made.exit_code == 0, made.output
    back = run(elsewhere, "restore", tmp_path / "copy")
    assert back.exit_code == 0, back.output
    with elsewhere.app_context():
        from app.extensions import db

        assert len(db.session.scalars(select(Ticket.id)).all()) >= 4
        assert invariant.broken(db.session()) == []
    assert run(elsewhere, "audit", "verify").exit_code == 0


def test_only_an_empty_database_is_restored_into(app, working, tmp_path):
    run(app, "backup", tmp_path / "copy")
    refused = run(app, "restore", tmp_path / "copy")
    assert refused.exit_code == 1 and "not empty" in refused.output


def damage(copy: Path, what: str) -> None:
    manifest, picture = copy / "manifest.json", copy / "attachments" / NAME[:2] / NAME
    if what == "database":
        file = copy / json.loads(manifest.read_text())["database"]["file"]
        file.write_bytes(file.read_bytes()[:-1] + b"\x07")
    elif what == "picture":
        picture.write_bytes(b"another")
    elif what == "list":
        picture.unlink()
    else:
        manifest.write_text("{")


def test_a_damaged_backup_is_refused_before_anything_is_written(app, working, elsewhere, tmp_path):
    run(app, "backup", tmp_path / "copy")
    for what in ("database", "picture", "manifest", "list"):
        damage(shutil.copytree(tmp_path / "copy", tmp_path / what), what)
        refused = run(elsewhere, "restore", tmp_path / what)
        assert refused.exit_code == 1 and ("damaged" in refused.output or "no backup" in refused.output), what
        with elsewhere.app_context():
            from app.extensions import db

            assert backups.empty(db.engine), what


def test_a_restore_that_lost_rows_says_so(app, working, elsewhere, tmp_path):
    """The manifest is held against what the restored database holds, not against what the file promised."""
    run(app, "backup", tmp_path / "copy")
    path = tmp_path / "copy" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["facts"]["rows"]["event"] += 1
    path.write_text(json.dumps(manifest))
    told = run(elsewhere, "restore", tmp_path / "copy")
    assert told.exit_code == 1 and "event: " in told.output


def test_a_picture_that_the_store_lacks_is_named(app, working, tmp_path, database):
    database.session.execute(update(Attachment).values(store_name="cd" * 16))
    database.session.commit()
    told = run(app, "backup", tmp_path / "copy")
    assert told.exit_code == 1 and "cd" * 16 in told.output and (tmp_path / "copy" / "manifest.json").exists()


def test_a_backup_is_its_owners_alone_and_never_overwrites(app, working, tmp_path):
    run(app, "backup", tmp_path / "copy")
    assert all(path.stat().st_mode & 0o077 == 0 for path in [tmp_path / "copy", *(tmp_path / "copy").iterdir()])
    assert "exists already" in run(app, "backup", tmp_path / "copy").output
    assert not list(tmp_path.glob(".*partial"))
