"""How connections are shared out among web processes."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 30.0  # seconds on a busy machine
# an application that answers, with its process's number, once a file is there
APPLICATION = """
import os, time

def app(environ, start_response):
    end = time.monotonic() + 30
    while not os.path.exists({go!r}) and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.05)
    told = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(told)))])
    return [told]
"""
KEPT = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
ASKED = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(tmp_path, port) -> Iterator[subprocess.Popen[bytes]]:
    """Two processes with two threads."""
    (tmp_path / "waiting.py").write_text(APPLICATION.format(go=str(tmp_path / "go")))
    command = [sys.executable, "-m", "gunicorn", "-k", "app.web_process.WebProcess", "-w", "2", "--threads", "2",
               "-b", f"127.0.0.1:{port}", "--no-control-socket", "--pythonpath", str(tmp_path), "waiting:app"]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as server:
        try:
            yield server
        finally:
            server.terminate()


@pytest.fixture
def served(tmp_path, port, server) -> tuple[int, Path]:
    """Their port, and the file that lets them answer."""
    return port, tmp_path / "go"


def connected(port: int, asked: bytes = ASKED) -> socket.socket:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            wire = socket.create_connection(("127.0.0.1", port), PATIENCE)
            wire.sendall(asked)
            return wire
        except ConnectionRefusedError:
            assert time.monotonic() < end, "the server listens"
            time.sleep(0.05)


def answer(wire: socket.socket) -> str:
    told = b""
    while more := wire.recv(4096):
        told += more
    wire.close()
    return told.rpartition(b"\r\n")[2].decode()


def both_there(port: int, go: Path) -> None:
    """Wait until both processes have answered."""
    go.touch()
    end, seen = time.monotonic() + PATIENCE, set[str]()
    while len(seen) < 2:
        assert time.monotonic() < end, "both processes answer"
        seen |= {answer(wire) for wire in [connected(port) for _ in range(4)]}
    go.unlink()


def test_newcomers_are_answered_though_those_who_are_there_keep_all_threads_busy(served):
    port, go = served
    both_there(port, go)
    go.touch()
    there, done = [connected(port, KEPT) for _ in range(12)], threading.Event()

    def goes_on(wire: socket.socket) -> None:
        while not done.is_set():
            assert wire.recv(4096)
            wire.sendall(KEPT)

    for wire in there:
        threading.Thread(target=goes_on, args=(wire,), daemon=True).start()
    time.sleep(0.5)
    try:
        for _ in range(3):
            newcomer = connected(port)
            newcomer.settimeout(10)
            assert answer(newcomer).isdigit()
    finally:
        done.set()


def test_whoever_waits_when_the_processes_are_told_to_stop_is_answered(served, server):
    port, go = served
    both_there(port, go)
    waiting = [connected(port) for _ in range(9)]  # five more than there are threads
    time.sleep(0.1)
    server.terminate()
    time.sleep(0.5)
    go.touch()
    assert all(answer(wire).isdigit() for wire in waiting)


def test_of_what_comes_together_no_process_takes_more_than_it_has_threads_for(served):
    port, go = served
    first = [connected(port) for _ in range(4)]  # as many as there are threads
    time.sleep(1.0)
    late = [connected(port) for _ in range(2)]  # they wait for whoever is free first
    go.touch()
    by = Counter(answer(wire) for wire in first)
    assert sorted(by.values()) == [2, 2]
    assert all(answer(wire) in by for wire in late)
