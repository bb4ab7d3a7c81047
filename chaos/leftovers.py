"""What a run makes outside of its folder carries the run's process number in its name, so that the next run knows what
one that was killed has left behind."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

PREFIX = "kuaifu-chaos"
NAME = re.compile(rf"{PREFIX}-(\d+)-")


def named(what: str) -> str:
    """The name of a thing of this process."""
    return f"{PREFIX}-{os.getpid()}-{what}"


def stale(names: Iterable[str]) -> list[str]:
    """Those of the names whose run is not there any more; names of other people are never among them."""
    owners = ((name, NAME.match(name)) for name in names)
    return [name for name, owner in owners if owner and not _running(int(owner[1]))]


def _running(pid: int) -> bool:
    """Whether that process is there and is a run: numbers are given again."""
    try:
        return pid == os.getpid() or b"chaos" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
