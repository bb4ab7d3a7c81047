"""A log of JSON lines that one process writes and another reads."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class Lines:
    """Appends lines, each on disk before `write` returns; safe to use from threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, what: str, **facts: Any) -> None:
        """Add one line with the machine's time."""
        line = json.dumps({"at": round(time.time(), 3), "what": what, **facts}, ensure_ascii=False, default=str)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()


def read(path: Path) -> list[Line]:
    """The whole lines of a log in their order; a last one that was cut off is left out."""
    found = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            found.append(json.loads(text))
        except ValueError:
            continue
    return found
