"""What the oracle looks at, and what it finds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from chaos.lines import Line


@dataclass
class Logs:
    """What the platform, the gateway, the agents and the database say. `now`: the portal's time at the reading."""

    platform: list[Line]
    gateway: list[Line]
    agents: list[Line]
    database: list[Line]
    now: datetime
    printed: list[Line] = field(default_factory=list)  # what the portal prints as sums of its ledger
    speed: float = 1.0  # seconds of the portal's time in one of ours
    tables: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for line in self.database:
            self.tables[line["what"]].append(line)

    def said(self, log: str, what: str) -> Iterator[Line]:
        """The lines of one kind in one log."""
        return (line for line in getattr(self, log) if line["what"] == what)


@dataclass(frozen=True)
class Finding:
    """One check: how much it looked at, and every difference."""

    name: str
    looked_at: int
    differences: list[str]


def states(rows: Iterable[Line]) -> str:
    """How many rows are in which state, for the table."""
    return ", ".join(f"{n} {state}" for state, n in sorted(Counter(row["state"] for row in rows).items()))
