"""The penalty ledger's arithmetic: facts in, entries out (rulebook 5). Pure and exact, money in fen.

Facts are taken in the order in which they were decided, never in the order of the rows. An intervention absorbs the
lateness of the same clock, a ticket's entries of one cap group cost no more than the cap together, and what is stored
already keeps its amount: a fact that comes late gets what the cap has left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain import penalty_rules
from app.domain.penalty_facts import Fact
from app.domain.penalty_rules import CLERK_AND_MANAGER, MANAGER, PER_PERSON, PenaltyRule

PROPOSED, CONTESTED, WAIVED, CONFIRMED = "proposed", "contested", "waived", "confirmed"
STATES = (PROPOSED, CONTESTED, WAIVED, CONFIRMED)
LIVE = frozenset({PROPOSED, CONTESTED, CONFIRMED})
ABSORBED = "absorbed"
MAY_COME_BACK = frozenset({"exempted", "void", "fact_gone", "withdrawn"})  # waived because the fact had gone
AGAIN, PART = "~", "/"  # in the name of an entry: the second one of a fact, and the part of a person


@dataclass(frozen=True)
class Key:
    """Which fact an entry charges to whom, without the number that tells a second entry of it apart."""

    rule: str
    occurrence: str
    organisation_id: int


@dataclass(frozen=True)
class Entry:
    """A new line of the ledger. `room_fen` is what the cap had left before it, None outside the cap.

    `person_id` 0 is the organisation itself. `absorbed_by` names the rule that replaced it: it is waived at once.
    """

    rule: str
    version: int
    occurrence: str
    organisation_id: int
    person_id: int
    decided_at: datetime
    full_fen: int
    amount_fen: int
    points: int
    base_fen: int
    room_fen: int | None
    cause: str
    event_ids: tuple[int, ...]
    ruled_by: str = "system"
    absorbed_by: str = ""

    @property
    def key(self) -> Key:
        """What it charges."""
        return Key(self.rule, base_of(self.occurrence), self.organisation_id)


@dataclass(frozen=True)
class Stored:
    """A line that is in the ledger. `reason` says why it is waived. `reversed`: a frozen month holds it and a later
    line takes it back, or it is such a line itself."""

    id: int
    rule: str
    occurrence: str
    organisation_id: int
    decided_at: datetime
    amount_fen: int
    cause: str
    state: str
    reason: str = ""
    reversed: bool = False

    @property
    def key(self) -> Key:
        """What it charges."""
        return Key(self.rule, base_of(self.occurrence), self.organisation_id)

    @property
    def live(self) -> bool:
        """Whether it is charged, or may be."""
        return self.state in LIVE and not self.reversed


@dataclass
class Outcome:
    """What has to be done: new entries, stored ones that are absorbed (id → by which rule), and ids without a fact."""

    new: list[Entry] = field(default_factory=list)
    absorbed: dict[int, str] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)


def base_of(occurrence: str) -> str:
    """The name of a fact's part without the number of a second entry."""
    return occurrence.partition(AGAIN)[0]


def fact_of(occurrence: str) -> str:
    """The name of the fact behind an entry."""
    return base_of(occurrence).partition(PART)[0]


def reconcile(
    facts: Iterable[Fact], rules: Sequence[PenaltyRule], *, managers: Mapping[int, int] | None = None,
    stored: Collection[Stored] = (),
) -> Outcome:  # fmt: skip
    """Compare a ticket's facts with its ledger: what is missing is priced, what has no fact any more is named.

    `managers` gives the manager of organisations as a person; without one the organisation bears what would be theirs.
    Doing it again with what it wrote gives nothing. Raises NoRule.
    """
    done = _Fold(rules, managers or {}, list(stored))
    wanted: set[Key] = set()
    for fact in sorted(facts, key=lambda f: (f.decided_at, f.rule, f.occurrence, f.organisation_id)):
        for entry in _parts(fact, penalty_rules.in_force(rules, fact.rule, fact.decided_at), done.managers):
            if entry.key not in wanted:
                wanted.add(entry.key)
                done.take(entry)
    done.outcome.gone = [row.id for row in done.stored if row.live and row.key not in wanted]
    return done.outcome


class _Fold:
    """The walk over the facts: what stands, what it uses of each cap, and what comes out."""

    def __init__(self, rules: Sequence[PenaltyRule], managers: Mapping[int, int], stored: list[Stored]) -> None:
        self.rules, self.managers, self.stored = rules, managers, stored
        self.outcome = Outcome()

    def take(self, entry: Entry) -> None:
        """Keep what is stored, else price it; either way let it absorb what it replaces."""
        rule = penalty_rules.in_force(self.rules, entry.rule, entry.decided_at)
        mine = [row for row in self.stored if row.key == entry.key]
        if any(row.live for row in mine):
            self._absorb(rule, entry)
            return
        if any(row.reason not in MAY_COME_BACK for row in mine if not row.reversed):
            return
        self._absorb(rule, entry)
        again = f"{entry.occurrence}{AGAIN}{len(mine) + 1}" if mine else entry.occurrence
        room = self._room(rule, entry.decided_at)
        amount = entry.full_fen if room is None else min(entry.full_fen, room)
        done = replace(entry, occurrence=again, amount_fen=amount, room_fen=room, absorbed_by=self._absorber(entry))
        self.outcome.new.append(done)

    def _absorb(self, rule: PenaltyRule, entry: Entry) -> None:
        for place, other in enumerate(self.outcome.new):
            if self._replaces(rule, entry, other) and not other.absorbed_by:
                self.outcome.new[place] = replace(other, absorbed_by=rule.code)
        for row in self.stored:
            if row.live and self._replaces(rule, entry, row):
                self.outcome.absorbed.setdefault(row.id, rule.code)

    @staticmethod
    def _replaces(rule: PenaltyRule, entry: Entry, other: Entry | Stored) -> bool:
        same = bool(entry.cause) and other.cause == entry.cause
        return same and other.rule in rule.absorbs

    def _absorber(self, entry: Entry) -> str:
        """The rule of a standing entry that replaces this one, for a fact that is found after its absorber."""
        rows = [row for row in self.stored if row.live]
        standing: list[Entry | Stored] = [*rows, *(new for new in self.outcome.new if not new.absorbed_by)]
        for other in standing:
            rule = penalty_rules.in_force(self.rules, other.rule, other.decided_at)
            if entry.cause and other.cause == entry.cause and entry.rule in rule.absorbs:
                return rule.code
        return ""

    def _room(self, rule: PenaltyRule, at: datetime) -> int | None:
        """What the ticket's cap has left, in fen."""
        cap = penalty_rules.cap_of(self.rules, rule.cap_group, at)
        if cap is None:
            return None
        kept: list[Entry | Stored] = [r for r in self.stored if r.live and r.id not in self.outcome.absorbed]
        kept += [one for one in self.outcome.new if not one.absorbed_by]
        return max(0, cap - sum(one.amount_fen for one in kept if self._group(one) == rule.cap_group))

    def _group(self, entry: Entry | Stored) -> str:
        return penalty_rules.in_force(self.rules, entry.rule, entry.decided_at).cap_group


def _parts(fact: Fact, rule: PenaltyRule, managers: Mapping[int, int]) -> Iterator[Entry]:
    """The entries of one fact: of the organisation, of its manager and of its clerk as persons (rulebook 5)."""
    full = penalty_rules.price(rule, fact.base_fen)
    manager = managers.get(fact.organisation_id, 0)
    if rule.kind == PER_PERSON:
        if full and rule.liable == CLERK_AND_MANAGER:
            yield _entry(fact, rule, "clerk", fact.clerk_id or 0, full, 0)
        if full and rule.liable in (MANAGER, CLERK_AND_MANAGER):
            yield _entry(fact, rule, "manager", manager, full, rule.points)
        return
    if full:
        yield _entry(fact, rule, "", 0, full, 0)
    if rule.points:
        yield _entry(fact, rule, "manager", manager, 0, rule.points)


def _entry(fact: Fact, rule: PenaltyRule, part: str, person_id: int, full: int, points: int) -> Entry:
    occurrence = f"{fact.occurrence}{PART}{part}" if part else fact.occurrence
    return Entry(
        rule=rule.code, version=rule.version, occurrence=occurrence, organisation_id=fact.organisation_id,
        person_id=person_id, decided_at=fact.decided_at, full_fen=full, amount_fen=full, points=points,
        base_fen=fact.base_fen, room_fen=None, cause=fact.cause, event_ids=fact.event_ids, ruled_by=fact.ruled_by,
    )  # fmt: skip
