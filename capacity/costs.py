"""What each operation costs: milliseconds of a processor, of the program's own and of the database's.

They are measured (`figures.json`); the file of a bench's run takes their place where it says something about them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).with_name("figures.json")
SERVED = ("push", "reply", "queue_page", "ticket_page", "poll")  # by the web processes; the bench has them all
OPERATIONS = (*SERVED, "send", "sweep")  # and by a worker, and by the scheduler
WHOLE_SWEEP, SWEPT = 1_000_000, 20_000  # from that size on the bench's sweep has so many clocks


class NoFigures(ValueError):
    """The file says nothing that can be used; the message is one plain line."""


@dataclass(frozen=True)
class Cost:
    """Milliseconds of a processor for one of it."""

    own: float
    database: float

    @property
    def both(self) -> float:
        """Together, where one machine does both."""
        return self.own + self.database


def checked_in() -> dict[str, Cost]:
    """The figures that come with the portal."""
    found = json.loads(FIGURES.read_text())["milliseconds"]
    return {name: Cost(float(found[name]["own"]), float(found[name]["database"])) for name in OPERATIONS}


def of_bench(rows: Iterable[Mapping[str, Any]], known: Mapping[str, Cost], cores: int) -> dict[str, Cost]:
    """The same with what a bench's run on a machine of so many cores says. Raises NoFigures.

    Its clients keep the machine busy, so one of it costs at most cores ÷ rate; that is shared out between program and
    database as in the known figures. What the clients themselves used is in it: it errs to the safe side.
    """
    found = dict(known)
    for row in rows:
        name, ours = row.get("operation"), float(row.get("ours") or 0)
        if name in SERVED and row.get("unit") == "requests/s" and ours > 0:
            found[name] = _scaled(known[name], 1000 * cores / ours)
        elif name == "sweep" and row.get("unit") == "s" and int(row.get("size") or 0) >= WHOLE_SWEEP and ours > 0:
            found[name] = _scaled(known[name], 1000 * ours / SWEPT)
    if found == dict(known):
        raise NoFigures("the bench's file has none of " + ", ".join((*SERVED, "sweep")))
    return found


def _scaled(known: Cost, milliseconds: float) -> Cost:
    return Cost(milliseconds * known.own / known.both, milliseconds * known.database / known.both)
