"""Child processes: each in a group of its own, started again when it ends, stopped as a whole."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

LOG_LIMIT = 5_000_000  # bytes; a log above it is put aside at the next start
LONGEST_PAUSE = 30.0  # seconds between two attempts
STEADY = 60.0  # seconds after which a program counts as running well again
DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG

_libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


class Running(Protocol):
    """A process that was started, by `subprocess.Popen` or as a fork."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """The same when it has ended; raises subprocess.TimeoutExpired."""


def die_with_parent() -> None:
    """Runs in a child before its program: on Linux the kernel ends it when the launcher is killed."""
    if _libc is not None:
        _libc.prctl(DEATH_SIGNAL, signal.SIGTERM)


def spawn(command: list[str], env: Mapping[str, str], log: Path, cwd: Path) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own with both outputs in `log`."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


def fresh_log(log: Path) -> Path:
    """Make the folder of a log, and put a long one aside as `.1`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(log.suffix + ".1"))
    return log


@dataclass
class Child:
    """One program that should always run. `start` gives its new process."""

    name: str
    start: Callable[[], Running]
    process: Running | None = None
    started: float = 0.0
    pause: float = 0.0
    again_at: float = field(default=0.0, repr=False)

    def launch(self) -> None:
        """Start it now."""
        self.process = self.start()
        self.started = time.monotonic()

    def check(self, now: float) -> str:
        """Notice an end, and start it again when its pause is over. Gives a line to print, mostly empty."""
        if self.process is None:
            return self._again(now) if now >= self.again_at else ""
        code = self.process.poll()
        if code is None:
            return ""
        end_group(self.process, signal.SIGKILL)  # what it left running
        self.process = None
        return f"{self.name} ended with code {code}; {self._later(now)}"

    def _again(self, now: float) -> str:
        try:
            self.launch()
        except (OSError, RuntimeError) as error:
            return f"{self.name} cannot be started ({error}); {self._later(now)}"
        return ""

    def _later(self, now: float) -> str:
        self.pause = 1.0 if now - self.started > STEADY else min(LONGEST_PAUSE, max(1.0, self.pause * 2))
        self.again_at = now + self.pause
        return f"starting it again in {self.pause:.0f} s"


def end_group(process: Running, number: int) -> None:
    """Send a signal to a child and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def stop(children: list[Child]) -> None:
    """End all children together; leaves no process behind."""
    stop_processes([child.process for child in children if child.process is not None])
    for child in children:
        child.process = None


def stop_processes(running: Sequence[Running], seconds: float = 4.0) -> None:
    """End processes together within `seconds`, the stubborn ones by force, each with all that it started."""
    for process in running:
        end_group(process, signal.SIGTERM)
    end = time.monotonic() + seconds
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.05, end - time.monotonic()))
    for process in running:
        end_group(process, signal.SIGKILL)
        process.wait()
