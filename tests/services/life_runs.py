"""Clock runs in the model: what starts, stops, pauses and is void, and when each is decided late (rulebook 4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.services.life_time import HOUR, LIMITS, between, later

SITE = ("accept", "first_reply", "resolve", "close")
MARKS_OVERDUE = ("first_reply", "resolve", "close", "appeal")


@dataclass
class Run:
    """One run of one clock. `ended` is "", "met", "late" or "void"; `seen_late` once somebody looked after the due."""

    kind: str
    number: int
    started: datetime
    due: datetime
    calendar: str
    org: str | None = None
    ended: str = ""
    stopped: datetime | None = None
    paused: datetime | None = None
    seen_late: bool = False

    @property
    def state(self) -> str:
        """As the row spells it."""
        if self.ended:
            return {"late": "breached"}.get(self.ended, self.ended)
        return "paused" if self.paused else "breached" if self.seen_late else "running"

    def go_on(self, at: datetime) -> None:
        """The end of a pause: what was left when it began is left from now on."""
        self.due, self.paused = self.if_it_ran_on(at), None

    def if_it_ran_on(self, at: datetime) -> datetime:
        """Its due, if its pause ended then."""
        assert self.paused is not None
        return max(self.due, later(at, between(self.paused, self.due, self.calendar), self.calendar))


@dataclass
class Runs:
    """All runs of a ticket. `on_late` is told of a run the first time that it is found late."""

    on_late: Callable[[Run], None]
    still: Callable[[], bool] = lambda: False  # whether site clocks that begin now stand still
    stood_until: Callable[[datetime], datetime] = lambda now: now
    rows: list[Run] = field(default_factory=list)

    def __iter__(self) -> Iterator[Run]:
        return iter(self.rows)

    def start(
        self, kind: str, now: datetime, *, limit: str = "", due: datetime | None = None, org: str | None = None
    ) -> Run:
        """The next run of a clock; `limit` is a name of LIMITS where it is not the clock's own."""
        amount, calendar = LIMITS.get(limit or kind, (timedelta(), "always"))
        number = 1 + max((run.number for run in self.rows if run.kind == kind), default=0)
        run = Run(kind, number, now, due or later(now, amount, calendar), calendar, org)
        if kind in SITE and self.still() and run.due > now:
            run.paused = now
        self.rows.append(run)
        return run

    def going(self, kinds: Collection[str] = (), org: str | None = None) -> list[Run]:
        """Those that have not ended, late ones included."""
        return [
            run for run in self.rows
            if not run.ended and (not kinds or run.kind in kinds) and (org is None or run.org == org)
        ]  # fmt: skip

    def stop(self, kinds: Collection[str], now: datetime, org: str | None = None) -> None:
        """Stop runs: in time at the due or before."""
        for run in self.going(kinds, org):
            self.end(run, now)

    def end(self, run: Run, now: datetime, *, credited: bool = True) -> None:
        """Stop one run; one that somebody else served is not in time (rulebook 3.11)."""
        if run.paused:
            run.go_on(self.stood_until(now))
        run.stopped, run.ended = now, "met" if now <= run.due and credited else "late"
        if now > run.due and not run.seen_late:
            self.on_late(run)

    def void(self, kinds: Collection[str], now: datetime, org: str | None = None) -> None:
        """Take runs that are not late out of all measures; a breach stands."""
        for run in self.going(kinds, org):
            self.take_out(run, now)

    def take_out(self, run: Run, now: datetime) -> None:
        """The same for one run."""
        if now > run.due and not run.paused:
            self.end(run, now)
        else:
            run.ended, run.stopped = "void", now

    def void_all_of(self, org: str, now: datetime) -> None:
        """The losing site's clocks are void, whatever they had come to (rulebook 3.2)."""
        for run in self.rows:
            if run.org == org and run.kind in SITE:
                run.ended, run.stopped, run.paused = "void", run.stopped or now, None

    def pause(self, now: datetime) -> None:
        """Site clocks that are not late stand still."""
        for run in self.going(SITE):
            if now < run.due and not run.seen_late and not run.paused:
                run.paused = now

    def go_on(self, at: datetime) -> None:
        """They run on."""
        for run in self.going():
            if run.paused:
                run.go_on(at)

    def earlier(self, kind: str, due: datetime, now: datetime) -> None:
        """The earlier of the old due and a new one; a breach stands."""
        for run in self.going((kind,)):
            if run.paused and due < run.if_it_ran_on(now):
                run.due, run.paused = due, now
            elif not run.paused and now <= run.due:
                run.due = min(run.due, due)

    def overdue(self) -> list[Run]:
        """What marks the ticket as overdue: a breach that was seen and is not settled."""
        return [run for run in self.going(MARKS_OVERDUE) if run.seen_late]

    def level(self, now: datetime) -> int:
        """At the breach the LCS, 4 h later the CCS (rulebook 4); the law's clock goes to CCS on day five."""
        levels = [2 if now >= run.due + 4 * HOUR else 1 for run in self.overdue()]
        law = [2 for run in self.going(("legal",)) if now >= run.started + timedelta(days=5)]
        return max([0, *levels, *law])
