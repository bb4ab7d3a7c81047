"""Our figures beside theirs: one table, and the objects of the JSON file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ALONE, TOGETHER = "ms", "requests/s"
# what is told, in this order; a single client's replies are told as what it gets done in a second
ROWS = (
    ("queue_page", ALONE), ("queue_page", TOGETHER), ("ticket_page", ALONE), ("ticket_page", TOGETHER),
    ("search", ALONE), ("reply", ALONE), ("reply", TOGETHER), ("create", ALONE), ("create", TOGETHER),
    ("escalate", "tickets/s"),
)  # fmt: skip
Figures = dict[tuple[str, str], float]  # by operation and unit


@dataclass
class Measured:
    """What one system showed. `notes` are sentences about a figure that is not what it seems."""

    name: str
    version: str = ""
    figures: Figures = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def times(ours: float, theirs: float, unit: str) -> float:
    """How many times as fast we are: of rates ours to theirs, of durations theirs to ours. Below 1 they are faster."""
    above, below = (ours, theirs) if unit.endswith("/s") else (theirs, ours)
    return round(above / below, 2) if below else 0.0


def number(value: float) -> str:
    """With as many places as are worth reading."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def lines(ours: Figures, peers: list[Measured]) -> Iterator[str]:
    """The table. What somebody does not have, or was not measured, is a dash."""
    head = "".join(f" {one.name:>24}" for one in peers)
    yield f"{'operation':<12} {'unit':<11} {'kuaifu':>10}{head}"
    for operation, unit in ROWS:
        mine = ours.get((operation, unit))
        cells = [_cell(mine, one.figures.get((operation, unit)), unit) for one in peers]
        shown = "–" if mine is None else number(mine)
        yield f"{operation:<12} {unit:<11} {shown:>10}" + "".join(f" {cell:>24}" for cell in cells)


def _cell(ours: float | None, theirs: float | None, unit: str) -> str:
    if theirs is None:
        return "–"
    if ours is None:
        return number(theirs)
    return f"{number(theirs)} ({number(times(ours, theirs, unit))}x)"


def plain(ours: Figures, peers: list[Measured], place: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of the JSON file; `place` has size and engine. Only what both have can be compared."""
    return [
        {
            "operation": operation, **place, "peer": one.name, "ours": round(ours[operation, unit], 4),
            "theirs": round(one.figures[operation, unit], 4), "unit": unit,
            "times": times(ours[operation, unit], one.figures[operation, unit], unit),
        }
        for operation, unit in ROWS for one in peers
        if (operation, unit) in ours and (operation, unit) in one.figures
    ]  # fmt: skip
