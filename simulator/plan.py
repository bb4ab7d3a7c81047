"""What the replay does and when: the real log read as the life of complaints.

The plan is the shared premise of the replay, which acts on it over HTTP, and of `simulator.expected`, which computes
from it what must come out. Steps of one ticket are at least a second apart, so that their order is never in doubt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.worklog import Case

PUSH, FOLLOW_UP, RESULT, REJECT, RULING, SATISFIED, CLOSE = (
    "push", "follow_up", "result", "reject", "ruling", "satisfied", "close",
)  # fmt: skip
ONE_SECOND, ONE_MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CATEGORIES = (
    "FALSE_SIGN", "LOCKER", "PROXY", "NOT_TO_DOOR", "LOST", "DAMAGED", "SHORT", "DELAYED", "ATTITUDE", "CHARGE",
    "WRONG_INFO", "OTHER",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """One real ticket as a complaint: what is pushed, and the moment of each step."""

    order_code: str
    site: str
    category: str
    priority: int
    waybill: str
    steps: tuple[tuple[datetime, str], ...]

    def times(self, kind: str) -> list[datetime]:
        """The moments of one kind of step."""
        return [at for at, what in self.steps if what == kind]


def site_of_groups(groups: Sequence[str], sites: Sequence[str]) -> dict[str, str]:
    """Which site stands for which group: the groups by number are dealt out to the sites in turn."""
    return {group: sites[place % len(sites)] for place, group in enumerate(groups)}


def category_code(category: str) -> str:
    """Our category for one of the log's, always the same one."""
    return CATEGORIES[int(hashlib.sha256(category.encode()).hexdigest(), 16) % len(CATEGORIES)]


def platform_priority(priority: str) -> int:
    """The platform's 0-3 for the log's "1 - Critical" to "4 - Low"."""
    return {"1": 3, "2": 2}.get(priority.strip()[:1], 1)


def make(case: Case, site: str) -> Plan:
    """The plan of one ticket at its site."""
    digits = "".join(ch for ch in case.number if ch.isdigit())
    return Plan(
        order_code=f"RP{digits}", site=site, category=category_code(case.category),
        priority=platform_priority(case.priority), waybill=f"RP{digits:0>12}", steps=steps(case),
    )  # fmt: skip


def plans(cases: Iterable[Case], sites_by_group: Mapping[str, str], default_site: str) -> list[Plan]:
    """The plans of these tickets; one whose group is never known goes to the default site."""
    return [make(case, sites_by_group.get(case.group, default_site)) for case in cases]


def agenda(made: Iterable[Plan]) -> list[tuple[datetime, str, Plan]]:
    """All steps of all plans in the order in which they are done: by time, then by order code."""
    entries = [(at, what, plan) for plan in made for at, what in plan.steps]
    return sorted(entries, key=lambda entry: (entry[0], entry[2].order_code))


def steps(case: Case) -> tuple[tuple[datetime, str], ...]:
    """The steps of one ticket (see `_Life` for how a row of the log becomes a step)."""
    life = _Life(case)
    for row in case.rows:
        life.row(row.at, row.state)
    return tuple(life.steps)


class _Life:
    """Where the complaint stands while the rows of its log go by.

    - The push is at the opening.
    - While it is worked on (open), Resolved is the clerk's result. Any other active state is a follow-up, once: at
      the first row that is no longer New or that is later than the first row.
    - Once answered, an active state is a re-opening: the platform rejects, and the ruling sends it back a minute on.
    - Closed after an answer is the customer's satisfaction, and the site closes. Closed without an answer is nothing:
      such a ticket stays open and late.
    """

    def __init__(self, case: Case) -> None:
        self.steps: list[tuple[datetime, str]] = [(case.opened_at, PUSH)]
        self.begun = case.rows[0].at
        self.state = "open"
        self.replied = False

    def row(self, at: datetime, state: str) -> None:
        """Take one row of the log."""
        if state == "Resolved":
            self._resolved(at)
        elif state == "Closed":
            self._closed(at)
        elif self.state != "open":
            self._step(at, REJECT)
            self._step(self.steps[-1][0] + ONE_MINUTE, RULING)
            self.state = "open"
        elif not self.replied and (state != "New" or at > self.begun):
            self._step(at, FOLLOW_UP)
            self.replied = True

    def _resolved(self, at: datetime) -> None:
        if self.state == "open":
            self._step(at, RESULT)
            self.state, self.replied = "answered", True

    def _closed(self, at: datetime) -> None:
        if self.state == "answered":
            self._step(at, SATISFIED)
            self._step(at, CLOSE)
            self.state = "closed"

    def _step(self, at: datetime, what: str) -> None:
        self.steps.append((max(at, self.steps[-1][0] + ONE_SECOND), what))
