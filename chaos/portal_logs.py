"""The portal's own logs: every error that no fault of the moment explains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from chaos.lines import Line

ERROR = re.compile(r"\b(ERROR|CRITICAL)\b|^Traceback ")
TRACE = "Traceback "
TIME = re.compile(r"^\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)")
BEFORE, AFTER = 1.5, 8.0  # seconds around a fault in which its consequences are written down
LONGER = {  # what lies in a queue, who waits for a lock, who waits at a master that was cut off until it is told
    "redis junk": 60.0, "database locked": 20.0, "disk full": 20.0, "host cut": 20.0, "redis master killed": 20.0,
    "redis master cut": 20.0,
}  # fmt: skip
NEVER = re.compile(r"DeadlockDetected|UniqueViolation|IntegrityError|SerializationFailure")  # no fault explains these
DATABASE = (
    r"OperationalError|InterfaceError|PoolTimeout|TimeoutError|DatabaseError|AdminShutdown|CrashShutdown"
    r"|while executing \(app\.jobs"
)
TORN = r"ERROR [^\[]*\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"  # a line that had no room, and the next one glued to it
REDIS = r"redis|Redis|ConnectionError|TimeoutError|BusyLoadingError"
MASTER = REDIS + r"|MasterNotFound|while executing \(app\.jobs"  # a job whose end could not be written down there
# what each fault may leave in the logs
EXPLAINS = {
    "kill child": r"was sent SIGKILL",
    "redis killed": REDIS,
    "redis master killed": MASTER,
    "redis master cut": MASTER,
    "host cut": DATABASE + "|" + MASTER,
    "redis wiped": r"redis|rq\.|NoSuchJob",
    "redis junk": r"redis|rq\.|NoSuchJob|Deserialization|UnicodeDecode|InvalidJob",
    "database locked": DATABASE,
    "database restarted": DATABASE,
    "database crashed": DATABASE,
    "database down": DATABASE,
    "disk full": DATABASE + r"|OSError|File too large|disk I/O|" + TORN,
    "pause": r"WORKER TIMEOUT|was sent SIG",
    "stop": r"was sent SIG|Worker exiting",
}
# A job that was begun before ends within 40 s, and finds that the queue knows nothing of it any more.
FORGOTTEN, FORGETFUL = 48.0, ("redis killed", "redis wiped", "redis master killed")
PROGRAMS = ("web", "worker", "scheduler", "exports", "prepare")


def spans(faults: Iterable[Line]) -> list[tuple[str, float, float]]:
    """Each fault with its begin and end on the machine's clock."""
    open_ones: dict[tuple[str, str], float] = {}
    found = []
    for line in faults:
        key = (line.get("kind", ""), line.get("target", ""))
        if line["what"] == "begin":
            open_ones[key] = line["at"]
        elif line["what"] == "end" and key in open_ones:
            found.append((key[0], open_ones.pop(key), line["at"]))
    return found


def errors(folder: Path) -> Iterator[tuple[float, str]]:
    """Every line that tells of an error, with its time."""
    for log in sorted(folder.glob("*.log*")):
        if not log.name.startswith(PROGRAMS):
            continue
        at = 0.0
        text = log.read_text(errors="replace").splitlines()
        for number, line in enumerate(text, start=1):
            stamp = TIME.match(line)
            if stamp:
                at = datetime.fromisoformat(f"{stamp[1]}T{stamp[2]}").replace(tzinfo=UTC).timestamp()
            if ERROR.search(line):
                told = f"{line} {_raised(text[number:])}" if line.startswith(TRACE) else line
                yield at, f"{log.name}:{number} {told[:400]}"


def _raised(lines: Iterable[str]) -> str:
    """What a traceback ends with: the first line that is neither a place nor its source."""
    return next((line for line in lines if line and not line.startswith(" ")), "")


def unexplained(folder: Path, faults: Iterable[Line]) -> tuple[int, list[str]]:
    """How many errors there were, and those that no fault explains."""
    known, total, wrong = spans(faults), 0, []
    for at, line in errors(folder):
        total += 1
        if NEVER.search(line) or not (_of_the_moment(known, at, line) or _forgotten(known, at, line)):
            wrong.append(line)
    return total, wrong


def _of_the_moment(known: list[tuple[str, float, float]], at: float, line: str) -> bool:
    near = {kind for kind, begun, ended in known if begun - BEFORE <= at <= ended + LONGER.get(kind, AFTER)}
    return any(re.search(EXPLAINS[kind], line) for kind in near if kind in EXPLAINS)


def _forgotten(known: list[tuple[str, float, float]], at: float, line: str) -> bool:
    since = any(begun <= at <= ended + FORGOTTEN for kind, begun, ended in known if kind in FORGETFUL)
    return since and "error=InvalidJobOperation" in line
