"""What an import tells before it stores anything, whatever is imported."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be taken: its line, what stands as code, the field and the code of what is wrong."""

    line: int
    code: str
    field: str
    why: str


@dataclass(frozen=True)
class Trial:
    """What an import would do, or did: rows that are new, rows that are known, and the bad ones."""

    added: int
    changed: int
    bad: tuple[BadRow, ...] = ()
