"""A complaint's life as the rulebook tells it (sections 3 and 4), in plain Python: what must come out of the services.

Written from the rulebook alone. What the complainant says stands in `life_says`, what time does in `life_passing`, the
platform's messages in `life_platform`, who may do what in `life_acts`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.services import life_storms
from tests.services.life_runs import Run, Runs
from tests.services.life_time import resolve_due

UNTIL_THE_END = ("delivery", "objection", "close")
LIVE = ("open", "in_progress", "replied", "appealed")
AT_WORK = ("open", "in_progress")
GONE, CCS = ("removed", "dropped", "not_liable"), "HQ"
PROVINCE = {"330106-01": "33", "330108-01": "33", "440305-01": "44", "33": "33", "44": "44", "HQ": None}


@dataclass(frozen=True)
class Who:
    """A person: the desk (site, lcs, ccs), the organisation, and its province."""

    name: str
    desk: str
    org: str
    manager: bool = False

    @property
    def province(self) -> str | None:
        return PROVINCE[self.org]


PEOPLE = {
    who.name: who
    for who in (
        Who("site", "site", "330106-01"), Who("site-manager", "site", "330106-01", manager=True),
        Who("site-2", "site", "330108-01"), Who("site-3", "site", "440305-01"),
        Who("lcs", "lcs", "33"), Who("lcs-2", "lcs", "44"), Who("ccs", "ccs", "HQ"),
    )
}  # fmt: skip


@dataclass
class Promise:
    made: datetime
    due: datetime
    run: Run
    what: str = "redelivery"
    state: str = "open"


@dataclass
class Case:
    """A responsible party. `urged` is the first urge of the present run, `ruling` the run of whoever must decide."""

    org: str
    state: str = "asked"
    contest_until: datetime | None = None
    urged: list[datetime] = field(default_factory=list)
    court: str = ""
    ruling: Run | None = None
    rejected_by: str = ""
    ruled_by: str = ""


@dataclass(repr=False)
class Life:
    """One ticket."""

    number: str
    waybill: str
    priority: str
    opened: datetime
    category: str = "FALSE_SIGN"
    state: str = "open"
    site: str | None = None
    province: str | None = None
    owner: str | None = None
    hops: int = 0
    repeats: int = 0
    urges: int = 0
    accepted: bool = False
    objection_over: bool = False
    answered: bool = False
    result_at: datetime | None = None
    result_no: int = 0
    first_replied: bool = False
    closed_at: datetime | None = None
    broken: bool = False  # a promise was broken, and no result since
    round_no: int = 0
    round_since: datetime | None = None
    attempts: list[tuple[datetime, bool]] = field(default_factory=list)
    talks: list[tuple[datetime, str]] = field(default_factory=list)  # when the complainant was reached, by whom
    by_hand: bool = False  # somebody complained beside the platforms
    hands: set[str] = field(default_factory=set)  # who did something in the site's place
    ruled_by: str = ""  # who ruled on the appeal, as long as no result has followed
    reworked: bool = False  # the work began again because the complainant was not content, or a promise broke
    storms: list[life_storms.Storm] = field(default_factory=list)  # those of the whole play
    still: datetime | None = None  # until when its site clocks stand still, as far as anybody knows
    level: int = 0  # who the row was handed up to: bounds are checked, the exact instant is the sweep's
    waiting: datetime | None = None
    waited: set[int] = field(default_factory=set)
    acting: str | None = None
    acting_counts: bool = False
    help_at: datetime | None = None
    urged_at: datetime | None = None
    transfer: str | None = None  # the court of an open return
    transfer_run: Run | None = None
    promises: list[Promise] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)  # whoever was ever in it
    live: set[str] = field(default_factory=set)  # whoever is in it now
    spoke: set[str] = field(default_factory=set)
    callbacks: list[tuple[str, str]] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"{self.number[-2:]} {self.state}"

    def __post_init__(self) -> None:
        self.runs = Runs(self.booked, lambda: self.standing_still, self.stood_until)
        self.runs.start("legal", self.opened)

    @property
    def standing_still(self) -> bool:
        return self.still is not None

    def stood_until(self, now: datetime) -> datetime:
        """Until when it really stood still, whether or not anybody has looked since."""
        if self.still is None:
            return now
        return min(now, life_storms.over_at(self.storms, self.province, self.still, now))

    # --- who has it ---

    def to_site(self, site: str, now: datetime) -> None:
        """Routed: fresh clocks, which count from now on, and a first reply of its own to give (3.4)."""
        self._leave()
        self.state, self.site, self.province = "open", site, PROVINCE[site]
        self._join(site)
        life_storms.arrives(self, now)
        self.first_replied = False
        if site in self.cases and self.cases[site].state != "removed":
            self.take_from_court(self.cases[site], now)
            self.cases[site].state, self.cases[site].contest_until = "removed", None
            self.runs.void(("party_reply",), now, site)
        self._fresh(now)
        self._follow(now)

    def to_desk(self, court: str, now: datetime) -> None:
        """After the second hop the LCS works it itself."""
        self._leave()
        self.state, self.site, self.acting, self.first_replied = "open", None, court, False
        self._join(court)
        self._fresh(now)
        self._follow(now)

    def _follow(self, now: datetime) -> None:
        """The other side of the disputes is somebody else, perhaps in another province."""
        for case in self.cases.values():
            if case.state == "disputed":
                self.take_from_court(case, now)
                case.ruling = self.runs.start("ruling", now, org=self.assessed)
        self.rehear(now)

    # --- courts ---

    @property
    def court(self) -> str:
        """LCS inside one province, CCS otherwise, and where the desk itself works the ticket (3.10)."""
        there = [case for case in self.cases.values() if case.state not in GONE]
        provinces = {self.province, *(PROVINCE[case.org] for case in there)}
        before_ccs = self.site is None or any(case.court == CCS for case in there)
        return CCS if before_ccs or len(provinces) > 1 else provinces.pop() or CCS

    def to_court(self, case: Case, court: str, now: datetime) -> None:
        case.state, case.court = "arbitration", court
        case.ruling = self.runs.start("ruling", now, org=court)

    def rehear(self, now: datetime) -> None:
        """What lies before an LCS goes to CCS once somebody of another province is in."""
        for case in self.cases.values():
            if case.state == "arbitration" and case.court != CCS and self.court == CCS:
                self.take_from_court(case, now)
                self.to_court(case, CCS, now)

    def _leave(self) -> None:
        self.live -= {self.site, self.acting, self.province}
        self.live |= {org for org, case in self.cases.items() if case.state not in ("removed", "dropped")}
        self.owner = self.acting = self.help_at = self.urged_at = None
        self.acting_counts = False

    def _join(self, org: str) -> None:
        self.seen.add(org)
        self.live.add(org)

    def _fresh(self, now: datetime) -> None:
        self.runs.start("accept", now, org=self.assessed)
        self.runs.start("first_reply", now, org=self.assessed)
        self.resolve_anew(now)

    def resolve_anew(self, now: datetime) -> None:
        self.runs.start("resolve", now, due=resolve_due(self.priority, now), org=self.assessed)
        self._new_round(now)

    def rework(self, now: datetime, *, new_round: bool = True) -> None:
        """Back at work with 12 h."""
        self.state = "in_progress"
        self.runs.start("resolve", now, limit="rework", org=self.assessed)
        if new_round:
            self._new_round(now)
            self.reworked = True

    def _new_round(self, now: datetime) -> None:
        self.round_no, self.round_since = self.round_no + 1, now

    @property
    def in_tray(self) -> bool:
        """Nobody works it yet."""
        return self.assessed is None

    @property
    def assessed(self) -> str | None:
        return self.site or self.acting

    # --- what everything shares ---

    @property
    def open_promises(self) -> list[Promise]:
        return [promise for promise in self.promises if promise.state == "open"]

    @property
    def settled(self) -> bool:
        return self.accepted or self.objection_over

    def stop_by(self, who: Who, kinds: tuple[str, ...], now: datetime) -> None:
        """Stop site clocks by who did the work: help asked for in time counts as the site's (3.11)."""
        for run in self.runs.going(kinds):
            self.runs.end(run, now, credited=self.credits(who, run))

    def credits(self, who: Who, run: Run) -> bool:
        """Whether the site gets the run for what this person does."""
        if who.org == self.site:
            return True
        if who.org == self.acting:
            in_time = self.help_at is None or self.help_at <= run.due
            return run.org == self.acting or (self.acting_counts and in_time)
        return self.help_at is not None and self.help_at <= run.due

    def contact_ends_waiting(self, now: datetime) -> None:
        """Any contact, at the latest its own end, ends the waiting; the clocks run on."""
        if self.waiting is not None:
            at = min(now, self.waiting)
            self.waiting = None
            if not self.standing_still:
                self.runs.go_on(at)

    def start_close(self, now: datetime) -> None:
        """The latest of: last party's answer, last promise kept, objection passed or customer accepted (4)."""
        waits = any(run.due > now for run in self.runs.going(("party_reply",)))
        if self.state == "replied" and self.settled and not self.open_promises and not waits:
            if not self.runs.going(("close",)):
                self.runs.start("close", now, org=self.assessed)

    def start_objection(self, now: datetime) -> None:
        """The complainant knows the result: 48 h to object, 24 h after a rework (3.9)."""
        if self.state == "replied" and not self.settled and not self.runs.going(("objection",)):
            self.runs.stop(("delivery",), now)
            self.runs.start("objection", now, limit="objection_rework" if self.reworked else "", org=self.assessed)

    def objection_passed(self, run: Run) -> None:
        self.runs.end(run, run.due)
        self.objection_over = True
        self.start_close(run.due)

    def moved(self, now: datetime) -> None:
        """Whoever answers a ticket has taken it: nobody has to rule on its return any more."""
        if self.transfer is not None and self.state not in AT_WORK:
            self.transfer = None
            if self.transfer_run is not None and not self.transfer_run.ended:
                self.runs.take_out(self.transfer_run, now)
        if self.state != "in_progress":
            self.contact_ends_waiting(now)
        if self.state not in LIVE:
            self.help_at = None

    def take_from_court(self, case: Case, now: datetime) -> None:
        """The dispute needs nobody's decision any more."""
        if case.ruling is not None and not case.ruling.ended:
            self.runs.take_out(case.ruling, now)
        case.ruling = None

    def booked(self, run: Run) -> None:
        """A late result is the party's while an urged party is late (3.10)."""
        if run.kind != "resolve":
            return
        late = [
            (reply.due, reply.org)
            for reply in self.runs
            if reply.kind == "party_reply" and reply.ended != "void" and reply.due <= run.due
            and (reply.stopped is None or reply.stopped > run.due)
            and any(reply.started <= at <= run.due for at in self.cases[reply.org or ""].urged[:1])
        ]  # fmt: skip
        if late:
            run.org = min(late)[1]
