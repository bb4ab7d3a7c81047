"""`python -m chaos.clock FILE START SPEED`: writes the time of a portal that takes it from a file, many times faster
than the machine's. Leases, reminder stages and pauses between two tries become seconds. SIGTERM ends it; the portal's
time then stands still."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

STEP = 0.05  # seconds
BEGIN = datetime.fromisoformat("2026-03-10T09:00:00+08:00")  # a working day, early enough for service hours


def read(path: Path) -> datetime:
    """The portal's time."""
    return datetime.fromisoformat(path.read_text().strip())


def write(path: Path, at: datetime) -> None:
    """Replace the file as a whole, so that nobody reads half of it."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(at.isoformat() + "\n")
    os.replace(beside, path)


def main() -> None:
    """Tick until told to stop."""
    path, start, speed = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), float(sys.argv[3])
    going = [True]
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    begun = time.monotonic()
    while going:
        write(path, start + timedelta(seconds=(time.monotonic() - begun) * speed))
        time.sleep(STEP)


if __name__ == "__main__":
    main()
