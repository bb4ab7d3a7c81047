"""Rows of a sheet under headings: which column is which, and the rows with something in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

Columns = Mapping[str, tuple[str, ...]]  # the words that may stand above each column


@dataclass(frozen=True)
class Line:
    """One row below the headings: its number in the sheet, and its cells by column."""

    n: int
    cells: Mapping[str, str]


def lines_of(
    rows: Sequence[Sequence[str]], columns: Columns, needed: Collection[str]
) -> tuple[list[Line], tuple[str, ...]]:
    """The rows with something in them, and the needed columns that the first row does not name.

    Columns with another heading are left out.
    """
    if not rows:
        return [], tuple(needed)
    places = _places(rows[0], columns)
    missing = tuple(name for name in needed if name not in places)
    found = []
    for n, row in enumerate(rows[1:], 2):
        cells = {name: row[at] if at < len(row) else "" for name, at in places.items()}
        if any(cells.values()):
            found.append(Line(n, cells))
    return found, missing


def named(head: Sequence[str | None], columns: Columns) -> list[str]:
    """The first row with each column's own name for whatever word stands there; what is unknown stays as it is."""
    known = _known(columns)
    return [known.get((heading or "").strip().lower(), (heading or "").strip()) for heading in head]


def _known(columns: Columns) -> dict[str, str]:
    return {word.lower(): name for name, words in columns.items() for word in words}


def _places(head: Sequence[str], columns: Columns) -> dict[str, int]:
    known = _known(columns)
    places: dict[str, int] = {}
    for at, heading in enumerate(head):
        name = known.get(heading.strip().lower())
        if name is not None:
            places.setdefault(name, at)
    return places
