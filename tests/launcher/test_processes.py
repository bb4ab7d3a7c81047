"""Children that always run: started again when they end, stopped with all that they started."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.processes import LOG_LIMIT, Child, fresh_log, spawn, stop


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "child.log"


@pytest.fixture
def children() -> Iterator[list[Child]]:
    made: list[Child] = []
    yield made
    stop(made)


def child_of(code: str, log: Path) -> Child:
    return Child("thing", lambda: spawn([sys.executable, "-c", code], {}, log, log.parent))


def wait_for(condition) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def test_a_child_that_ended_is_started_again_after_a_growing_pause(log: Path, children: list[Child]) -> None:
    child = child_of("raise SystemExit(7)", log)
    children.append(child)
    child.launch()
    now = 1000.0
    for pause in (1.0, 2.0, 4.0):
        child.process.wait()
        assert f"ended with code 7; starting it again in {pause:.0f} s" in child.check(now)
        assert child.check(now + pause - 0.1) == ""
        assert child.process is None
        assert child.check(now + pause) == ""
        assert child.process is not None
        child.started = now = now + pause


def test_a_child_that_cannot_start_is_reported_and_tried_again(tmp_path: Path) -> None:
    child = Child("thing", lambda: subprocess.Popen([tmp_path / "missing"]))
    assert "cannot be started" in child.check(1.0)
    assert child.check(1.5) == ""
    assert "in 2 s" in child.check(2.0)


def test_a_running_child_is_left_alone(log: Path, children: list[Child]) -> None:
    child = child_of("import time; time.sleep(60)", log)
    children.append(child)
    child.launch()
    assert child.check(time.monotonic()) == ""


def test_stop_ends_what_a_child_started_even_when_both_refuse(log: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {stubborn!r}]); {stubborn}"
    child = child_of(code, log)
    child.launch()
    wait_for(lambda: log.read_text().count("up") == 2)
    group = child.process.pid
    begun = time.monotonic()
    stop([child])
    assert time.monotonic() - begun < 6
    wait_for(lambda: not alive(group))


def alive(group: int) -> bool:
    """Does the process group still hold anything but the dead that nobody has collected yet?"""
    told = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in told.splitlines())
    return any(int(row[0]) == group and not row[1].startswith("Z") for row in rows)


def test_a_long_log_is_put_aside(log: Path) -> None:
    log.write_bytes(b"x" * (LOG_LIMIT + 1))
    fresh_log(log)
    assert not log.exists()
    assert log.with_name("child.log.1").exists()
