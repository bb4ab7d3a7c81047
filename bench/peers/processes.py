"""Programs of a peer: run to their end, or served and ended with all their children."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from launcher.settings import HOST

START, END = 90.0, 15.0  # seconds that a server may take to answer, and to go


class Missing(Exception):
    """A peer that cannot be had here, and why, in one line."""


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, given: str = "",
        seconds: float = 900) -> str:  # fmt: skip
    """Run it to its end; what it said. Raises Missing with its last words."""
    try:
        done = subprocess.run(
            command, env={**os.environ, **(env or {})}, cwd=cwd, input=given, text=True, timeout=seconds,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{command[0]}: {error}") from error
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no word"])[-1]
        raise Missing(f"{Path(command[0]).name} {' '.join(command[1:4])}: {last[:200]}")
    return done.stdout


def bounded(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path, seconds: float
) -> tuple[float, bool]:
    """Run it, and stop it after so many seconds; what it took, and whether it came to its end."""
    begun = time.perf_counter()
    with started(command, env=env, cwd=cwd, log=log) as process:
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return time.perf_counter() - begun, False
    if code:
        raise Missing(f"{Path(command[0]).name} ended with {code}, see {log}")
    return time.perf_counter() - begun, True


@contextmanager
def started(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The process in a group of its own, which is gone afterwards."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **env}, cwd=cwd, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END)
    # children that outlived their parent are still of its group
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def served(command: Sequence[str], port: int, *, env: Mapping[str, str], cwd: Path, log: Path) -> Iterator[None]:
    """The server, from when it answers at that port."""
    with started(command, env=env, cwd=cwd, log=log) as process:
        end = time.monotonic() + START
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > end:
                raise Missing(f"{Path(command[0]).name} does not answer, see {log}")
            time.sleep(0.2)
        yield


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
