"""One line of the table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """What an operation costs, beside its limit. `ratio` 1 is at the limit, lower is slower. `queries` are the
    statements of one of it (of the whole, where it is one piece of work), `bytes` what it sent or wrote."""

    operation: str
    size: int
    engine: str
    ours: float
    limit: float
    unit: str
    queries: int
    bytes: int
    pieces: int = 1  # how many there were of what took so long; not told in the JSON, whose format is fixed

    @property
    def ratio(self) -> float:
        """Of rates ours to the limit, of times the limit to ours."""
        above, below = (self.ours, self.limit) if self.unit.endswith("/s") else (self.limit, self.ours)
        return round(above / below, 3) if below else 0.0

    def plain(self) -> dict[str, Any]:
        """As the JSON has it."""
        found = asdict(self)
        found |= {"ours": round(self.ours, 4), "limit": round(self.limit, 4), "ratio": self.ratio}
        order = ("operation", "size", "engine", "ours", "limit", "unit", "ratio", "queries", "bytes")
        return {name: found[name] for name in order}
