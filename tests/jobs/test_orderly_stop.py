"""SIGTERM ends each process in order: what was begun is answered or written down, and nothing new is taken."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.integrations.sms.console import ConsoleSms
from app.models import Heartbeat, Outbox
from app.models.ids import new_id
from tests.cast import NOON

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0  # seconds on a busy machine
SLOW_WORKER = """
import signal, sys, threading
from app.integrations.sms import console
from app.jobs import sends
import worker

accept = console.ConsoleSms.send

def slow(self, *what):
    print("begun", flush=True)
    sys.stdin.readline()
    return accept(self, *what)

console.ConsoleSms.send = slow
sys.argv = ["worker.py"]
worker.main()
"""


@contextmanager
def started(command: list[str], engine_url: str, folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, "KUAIFU_ENV": "test", "DATABASE_URL": engine_url, "DATA_DIR": str(folder),
           "SECRET_KEY": "k" * 32, "REDIS_URL": "", "PYTHONUNBUFFERED": "1", **more}  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, *command], env=env, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until(reached: Any, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.mark.engine_free  # it is the web server that waits for its requests, whatever they ask
def test_a_request_that_was_begun_is_answered_by_a_web_process_that_is_told_to_stop(
    app, database, engine_url, tmp_path
):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "gunicorn", "-k", "app.web_process.WebProcess", "-w", "1", "--threads", "2",
               "-b", f"127.0.0.1:{port}", "--no-control-socket", "wsgi:app"]  # fmt: skip

    def listens() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as asked:
                asked.settimeout(10)
                asked.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return asked.recv(12).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    with started(command, engine_url, tmp_path) as web:
        until(listens, "the web process answers")
        with socket.create_connection(("127.0.0.1", port), 5) as asked:
            asked.settimeout(PATIENCE)
            asked.sendall(b"POST /platform/link/nobody HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
            time.sleep(0.5)  # the process has the half of it
            web.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            asked.sendall(b"67890")
            answer = asked.recv(200)
        assert answer.startswith(b"HTTP/1.1 4") and web.wait(PATIENCE) == 0
        assert not listens()


def test_a_scheduler_ends_at_once_and_in_order(app, database, engine_url, db_session, tmp_path):
    def beats() -> bool:
        db_session.rollback()
        return db_session.scalar(select(Heartbeat.at).where(Heartbeat.process == "scheduler")) is not None

    with started(["worker.py", "--scheduler"], engine_url, tmp_path, SWEEP_EVERY="0.2") as scheduler:
        until(beats, "the scheduler is alive")
        scheduler.send_signal(signal.SIGTERM)
        assert scheduler.wait(PATIENCE) == 0


def test_a_worker_that_is_told_to_stop_writes_down_what_it_was_sending(
    app, database, engine_url, redis_url, db_session, tmp_path
):
    from app.extensions import queue

    for n in (1, 2):
        db_session.add(Outbox(
            id=new_id(), kind="sms", key=f"stage-{n}", lane=f"phone:{n}", next_try_at=NOON, created_at=NOON,
            payload={"phone": f"1380000000{n}", "template": "reminder", "variables": {"count": "1", "clock": "accept"}},
        ))  # fmt: skip
    db_session.commit()
    with started(["-c", SLOW_WORKER], engine_url, tmp_path, REDIS_URL=redis_url) as worker:
        queue(redis_url).enqueue("app.jobs.sends.drain", result_ttl=0)
        assert worker.stdout.readline() == "begun\n"
        worker.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        worker.stdin.write("\n\n")
        worker.stdin.flush()
        assert worker.wait(PATIENCE) == 0
    db_session.rollback()
    states = list(db_session.scalars(select(Outbox.state).order_by(Outbox.id)))
    sent = len(list(ConsoleSms(tmp_path / "sms-gateway.jsonl").accepted()))
    assert states[0] == "sent" and "sending" not in states and states.count("sent") == sent
