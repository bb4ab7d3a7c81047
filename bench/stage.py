"""The portal of one run: a copy of the data set, the server on it, people who are signed in, and the messages."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.integrations.platform.link.envelope import signature
from app.models import Organisation, User
from app.services import sessions
from app.services.sessions import Limits
from bench.data import portal
from bench.places import FOLDER, Place
from launcher import run
from launcher.run import Portal, Signals
from launcher.settings import CONNECTION, HOST, SECRET, Settings

SITES = 400  # that pushes of one run go to, all over the country
DATABASE = "postgresql+psycopg://127.0.0.1:5432/postgres"  # as whoever runs it


@dataclass
class Stage:
    """The application on the run's database, the server's port, the sites that get pushes."""

    place: Place
    app: Flask
    port: int
    sites: list[tuple[int, str]]

    def token(self, user_id: int) -> tuple[str, str]:
        """A signed-in browser of that person: its cookie, and the token of its forms."""
        raw, limits = secrets.token_hex(20), Limits(self.idle, self.idle)
        epoch = db.session().scalars(select(User.epoch).where(User.id == user_id)).one()
        db.session().rollback()
        made = sessions.create(
            user_id=user_id, epoch=epoch, data={"csrf_token": raw}, now=clock.now(), limits=limits
        )  # fmt: skip
        signer = URLSafeTimedSerializer(self.app.secret_key or "", salt="wtf-csrf-token")
        return made, str(signer.dumps(raw))

    @property
    def idle(self) -> Any:
        """How long a session lives here."""
        return self.app.permanent_session_lifetime

    def person(self, account: str) -> int:
        """A person's id."""
        found = db.session().scalars(select(User.id).where(User.account == account)).one()
        db.session().rollback()
        return found


@contextmanager
def opened(place: Place, name: str = "run") -> Iterator[Stage]:
    """The portal as `make run` starts it, with the limits beside it; everything is gone afterwards."""
    address = place.copy(name)
    app = portal(address)
    with app.app_context(), _server(address, name) as port:
        sites = _sites()
        db.session.remove()
        yield Stage(place, app, port, sites)
        db.session.remove()
        db.engine.dispose()
    place.drop(name)


def _sites() -> list[tuple[int, str]]:
    """Sites with somebody who answers, evenly out of all."""
    staffed = select(User.organisation_id).where(User.role == "site_clerk")
    rows = select(Organisation.id, Organisation.code).where(Organisation.id.in_(staffed), Organisation.kind == "site")
    found = [(one.id, one.code) for one in db.session().execute(rows.order_by(Organisation.code))]
    return found[:: max(1, len(found) // SITES)]


class _Patience:
    """Waits as the launcher does; Ctrl-C ends the bench at once."""

    def pause(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


@contextmanager
def _server(address: str, name: str) -> Iterator[int]:
    port, folder = _free(), FOLDER / "server" / name
    shutil.rmtree(folder / "log", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    key = (FOLDER / "secret_key").read_text()
    there = Settings(folder, port, "demo", "", address)
    programs = run.programs

    def with_limits(settings: Settings) -> dict[str, list[str]]:
        made = programs(settings)
        return {**made, "web": [*made["web"][:-1], "bench.served:app"]}

    server = Portal(there, ("web",), cast(Signals, _Patience()))
    server.extra_env = {"SECRET_KEY": key, "UNDO_SECONDS": "0", "DATABASE_URL": address}
    server.commands = ["db upgrade"]
    run.programs = with_limits
    try:
        server.open()
        yield port
    finally:
        server.close()
        run.programs = programs


def _free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def message(code: str, site: str) -> bytes:
    """A signed work order as a platform sends it."""
    body = json.dumps({
        "work_order_code": code, "work_order_type": 2, "category_code": "FALSE_SIGN", "priority": 1,
        "description": "显示签收但没有收到包裹，请尽快联系", "work_order_task": {"task_id": f"T-{code}"},
        "extension": {"mail_no": f"YB{code[-12:]:0>12}", "site_code": site, "receiver_name": "王小明",
                      "receiver_phone": "13812345678", "receiver_address": "浙江省杭州市西湖区文三路 1 号"},
    }, ensure_ascii=False).encode()  # fmt: skip
    return urlencode({
        "logistics_interface": body, "data_digest": signature(body, SECRET), "msg_type": "WORK_ORDER_ISSUE",
    }).encode()  # fmt: skip


PUSH = f"/platform/link/{CONNECTION}"


def answer(csrf: str, key: str = "") -> bytes:
    """A result as its form is sent after the preview; `key` is the form's one-time key."""
    return urlencode({
        "csrf_token": csrf, "confirmed": "1", "contact_outcome": "reached_accepts", "version": "",
        "text": "已联系收件人，包裹在门卫处，已当面交给本人",
        "submission_key": key or secrets.token_urlsafe(24), "stay": "1",
    }).encode()  # fmt: skip


def environment() -> tuple[int, str, str]:
    """SIZE, ENGINE and OUT."""
    engine = os.environ.get("ENGINE") or "sqlite"
    size = os.environ.get("SIZE") or "10000"
    if engine not in ("sqlite", "postgresql") or not size.isdigit() or int(size) < 1000:
        sys.exit("ENGINE is sqlite or postgresql, SIZE a number of tickets from 1000")
    return int(size), engine, os.environ.get("OUT") or ""


def server() -> str:
    """The address of the PostgreSQL server beside whose databases the bench makes its own."""
    address = os.environ.get("BENCH_DATABASE_URL") or DATABASE
    if address.startswith("postgresql://"):
        address = "postgresql+psycopg://" + address.removeprefix("postgresql://")
    return address
