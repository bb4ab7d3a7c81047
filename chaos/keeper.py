"""Programs that should always run: started again a moment after they ended, and told apart by whose doing it was."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from launcher.processes import end_group, stop_processes

Start = Callable[[], subprocess.Popen[bytes]]
AGAIN = 0.5  # seconds between an end and the next start


@dataclass
class Program:
    """One program. `start` gives its new process; `ended` is what it died of by itself."""

    name: str
    start: Start
    process: subprocess.Popen[bytes] | None = None
    again_at: float = 0.0
    meant: bool = False  # we ended it
    starts: int = 0
    ended: list[tuple[float, int]] = field(default_factory=list)

    def run(self) -> None:
        """Start it now."""
        self.process, self.meant = self.start(), False
        self.starts += 1

    def check(self) -> None:
        """Notice an end, and start it again when its pause is over."""
        if self.process is None:
            if time.monotonic() >= self.again_at:
                self.run()
            return
        code = self.process.poll()
        if code is not None:
            end_group(self.process, signal.SIGKILL)
            if not self.meant:
                self.ended.append((time.time(), code))
            self.process, self.again_at = None, max(self.again_at, time.monotonic() + AGAIN)

    def signal(self, number: int, down: float = 0.0) -> None:
        """Send a signal to it and all that it started; one that ends it keeps it down for so many seconds."""
        if self.process is None:
            return
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.meant, self.again_at = True, time.monotonic() + down
        end_group(self.process, number)

    def members(self) -> list[int]:
        """The numbers of its processes, itself first."""
        if self.process is None:
            return []
        found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return sorted(pid for pid in found if _group(pid) == self.process.pid)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def stop(programs: list[Program]) -> None:
    """End all together."""
    running = [one.process for one in programs if one.process is not None]
    for one in programs:
        one.meant = True
        one.signal(signal.SIGCONT)
    stop_processes(running, seconds=8.0)
    for one in programs:
        one.process = None
