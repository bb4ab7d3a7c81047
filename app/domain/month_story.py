"""A ticket as its events tell it, as far as a month's counts need it: values without a rule of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.clocks import in_time
from app.domain.kinds import COMPLAINT


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as the log has it: `at` UTC, `data` plain JSON."""

    type: str
    at: datetime
    organisation_id: int | None
    data: Mapping[str, Any]
    actor_id: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The month as instants (UTC, end excluded), and the instant of its freeze."""

    start: datetime
    end: datetime
    now: datetime

    def holds(self, at: datetime | None) -> bool:
        """Whether an instant lies in the month."""
        return at is not None and self.start <= at < self.end


@dataclass(slots=True)
class Run:
    """A run of a clock as its events leave it."""

    kind: str
    due: datetime
    organisation_id: int | None
    exempt: bool = False
    stopped: datetime | None = None
    void: bool = False
    paused: bool = False
    credited: bool = True
    exemptions: set[int] = field(default_factory=set)

    def decided(self, window: Window) -> bool:
        """Whether it was decided in the month: at the earlier of stop and due, once that has passed (rulebook 4)."""
        if self.void or self.exempt or (self.stopped is None and (self.paused or self.due >= window.now)):
            return False
        return window.holds(self.due if self.stopped is None else min(self.stopped, self.due))

    @property
    def good(self) -> bool:
        """Stopped in time, and by somebody who counts as the site."""
        return self.stopped is not None and in_time(self.stopped, self.due) and self.credited


@dataclass(slots=True)
class Story:
    """One ticket, event by event."""

    kind: str = COMPLAINT
    category: str = ""
    opened: datetime | None = None
    site: int | None = None
    result: datetime | None = None
    result_before: datetime | None = None
    cause: str = ""
    flags: tuple[str, ...] = ()
    withdrawn: bool = False
    ended: bool = False
    cancelled_at: datetime | None = None
    runs: dict[tuple[str, int], Run] = field(default_factory=dict)
    audits: dict[int, tuple[datetime, int | None, str]] = field(default_factory=dict)
    facts: list[tuple[str, datetime, int | None, int]] = field(default_factory=list)
    # kind, instant, whose it is, who wrote it
    answers: list[tuple[str, datetime, int | None, int | None]] = field(default_factory=list)
    authors: dict[int, int | None] = field(default_factory=dict)  # of what each audit looked at

    @property
    def promised(self) -> bool:
        """Whether a promise is open: its run was neither kept, broken nor given up."""
        open_ones = (run for run in self.runs.values() if run.stopped is None and not run.void)
        return any(run.kind == "promise" for run in open_ones)
