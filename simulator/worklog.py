"""Reads the real event log: tickets with their rows in the order in which things happened."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
LOG = Path(__file__).resolve().parent.parent / "data" / "incident_event_log.csv.gz"
UNKNOWN = "?"
_TIME = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) ([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True)
class Row:
    """One event of the log: the state and group after it, at its local time."""

    at: datetime
    state: str
    group: str


@dataclass(frozen=True)
class Case:
    """One real ticket. `rows` are by time and, where times are equal, by their place in the file."""

    number: str
    opened_at: datetime
    category: str
    priority: str
    rows: tuple[Row, ...]

    @property
    def group(self) -> str:
        """The first group that is known, else "?"."""
        return next((row.group for row in self.rows if row.group != UNKNOWN), UNKNOWN)


def local(text: str) -> datetime:
    """A time of the log, day first, taken as Asia/Shanghai. Raises ValueError."""
    found = _TIME.fullmatch(text.strip())  # many times faster than strptime
    if found is None:
        raise ValueError(f"not a time of the log: {text!r}")
    day, month, year, hour, minute = map(int, found.groups())
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def read(path: Path = LOG) -> list[Case]:
    """Every ticket of the log, by opening time and number. Raises OSError, KeyError, ValueError."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as source:
        return cases(csv.DictReader(source))


def cases(lines: Iterable[Mapping[str, str]]) -> list[Case]:
    """Tickets out of the log's lines, by opening time and number."""
    grouped: dict[str, list[Mapping[str, str]]] = {}
    for line in lines:
        grouped.setdefault(line["number"], []).append(line)
    found = [_case(number, rows) for number, rows in grouped.items()]
    return sorted(found, key=lambda case: (case.opened_at, case.number))


def _case(number: str, lines: Sequence[Mapping[str, str]]) -> Case:
    rows = [Row(local(line["sys_updated_at"]), line["incident_state"], line["assignment_group"]) for line in lines]
    first = lines[0]
    rows.sort(key=lambda row: row.at)  # stable: equal times keep the order of the file
    return Case(number, local(first["opened_at"]), first["category"], first["priority"], tuple(rows))


def groups(found: Iterable[Case]) -> list[str]:
    """Every known group of these tickets, by its number."""
    names = {row.group for case in found for row in case.rows} - {UNKNOWN}
    return sorted(names, key=lambda name: (int(re.sub(r"\D", "", name) or 0), name))
