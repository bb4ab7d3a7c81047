"""Which of a ticket's events and clock runs are facts of the penalty ledger (rulebook 5). Pure: rows in, facts out.

The order of the rows means nothing; each fact has one name (`occurrence`) however often its events are read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from app.domain import kinds
from app.domain.calendars import local_date
from app.domain.penalty_rules import BY_HAND

LATE_RULES = {
    "first_reply": "first_reply_late", "resolve": "result_late", "close": "close_late", "party_reply": "party_late",
}  # fmt: skip
SITE_CLOCKS = ("first_reply", "resolve", "close")
HAND = "penalty_entered"
UPHELD = "upheld_"
RUN_EVENTS = ("clock_started", "clock_breached", "clock_stopped", "lateness_booked")
TOLD = (
    "intervened", "ruling", "promise_broken", "return_refused", "rejection_overturned", "rejection_restored",
    "audited", "audit_revised", "party_urged", HAND,
)  # fmt: skip
# after these a ticket is looked at again; a clock that stopped in time says nothing
MOVES = frozenset({
    *TOLD, "clock_breached", "clock_void", "clock_exempted", "exemption_revoked", "lateness_booked", "withdrawn",
    "cancelled",
}) - {"party_urged"}  # fmt: skip
LIABLE_KINDS = ("site", "hub", "department")  # provinces and headquarters work tickets, and pay nothing


@dataclass(frozen=True)
class Run:
    """One run of a clock as its row has it; `breached_at` is the instant in which it was decided as late."""

    kind: str
    run: int
    organisation_id: int | None
    minutes: int
    started_at: datetime
    due_at: datetime
    state: str
    breached_at: datetime | None
    exempt: bool = False


@dataclass(frozen=True)
class Happening:
    """An event of the ticket."""

    id: int
    type: str
    at: datetime
    data: Mapping[str, Any]
    role: str = "system"


@dataclass(frozen=True)
class Case:
    """All that the ledger reads of a ticket. `onboarded` has the first day of organisations that have one, `assessed`
    the ids of those that can be liable at all (None: every one): a service desk that works a ticket pays nothing."""

    kind: str
    withdrawn: bool
    opened_at: datetime
    runs: Sequence[Run] = ()
    events: Sequence[Happening] = ()
    imported: bool = False
    late_on_arrival: bool = False
    customer_limits: Mapping[str, int] = field(default_factory=dict)
    onboarded: Mapping[int, date] = field(default_factory=dict)
    assessed: Collection[int] | None = None


@dataclass(frozen=True)
class Fact:
    """Something that a rule prices. `cause` is the clock run ("close:1") that absorption goes by, `ruled_by` the role
    of whoever decided the fact ("system" for time), `base_fen` what a rate is taken of."""

    rule: str
    occurrence: str
    organisation_id: int
    decided_at: datetime
    event_ids: tuple[int, ...] = ()
    cause: str = ""
    base_fen: int = 0
    clerk_id: int | None = None
    ruled_by: str = "system"


def facts_of(case: Case) -> tuple[Fact, ...]:
    """Every fact of a ticket, each once, in the order in which they were decided.

    Nothing of tickets that are withdrawn, imported, late on arrival (rulebook 4) or inquiries, and nothing of an
    organisation that was not on board when the ticket was opened (rulebook 1).
    """
    if case.withdrawn or case.imported or case.late_on_arrival or case.kind in kinds.UNCHARGED:
        return ()
    found: dict[tuple[str, str], Fact] = {}
    for fact in sorted(_all(case), key=_order):
        if _on_board(case, fact.organisation_id):
            found.setdefault((fact.rule, fact.occurrence), fact)
    return tuple(found.values())


def why_gone(case: Case, cause: str) -> str:
    """Why a stored entry has no fact any more: withdrawn, exempted, void (the clock was not its own), fact_gone."""
    if case.withdrawn:
        return "withdrawn"
    run = next((one for one in case.runs if f"{one.kind}:{one.run}" == cause), None)
    if run is not None and run.exempt:
        return "exempted"
    return "void" if run is not None and run.state == "void" else "fact_gone"


def _order(fact: Fact) -> tuple[datetime, str, str, int]:
    return fact.decided_at, fact.rule, fact.occurrence, fact.organisation_id


def _on_board(case: Case, organisation_id: int) -> bool:
    if case.assessed is not None and organisation_id not in case.assessed:
        return False
    first = case.onboarded.get(organisation_id)
    return first is None or local_date(case.opened_at) >= first


def _all(case: Case) -> Iterator[Fact]:
    events = sorted(case.events, key=lambda event: event.id)
    for run in case.runs:
        yield from _late(run, events, case)
    for event in events:
        if event.type in _READ:
            yield from _READ[event.type](event)
    yield from _overturned(events)
    yield from _untruthful(events)


def _late(run: Run, events: Sequence[Happening], case: Case) -> Iterator[Fact]:
    """A run that was decided as late, whoever answered in the end; exempt and void ones are not."""
    if run.kind not in LATE_RULES or run.state != "breached" or run.breached_at is None or run.exempt:
        return
    urges = _urges(run, events) if run.kind == "party_reply" else ()
    if run.organisation_id is None or (run.kind == "party_reply" and not urges):
        return
    cause, proof = f"{run.kind}:{run.run}", tuple(sorted((*urges, *_proof(run, events))))
    fact = Fact(LATE_RULES[run.kind], cause, run.organisation_id, run.breached_at, proof, cause)
    yield fact
    own_limit = case.customer_limits.get(run.kind)
    booked = any(e.type == "lateness_booked" and _is_of(e, run) for e in events)
    if run.kind in SITE_CLOCKS and own_limit == run.minutes and not booked:
        yield replace(fact, rule="customer_limit", occurrence="ticket")


def _urges(run: Run, events: Sequence[Happening]) -> tuple[int, ...]:
    """The events by which the party was urged in this run before its time was over: only an urged party pays."""
    return tuple(
        event.id for event in events
        if event.type == "party_urged" and event.data.get("organisation_id") == run.organisation_id
        and run.started_at <= event.at <= run.due_at
    )  # fmt: skip


def _proof(run: Run, events: Sequence[Happening]) -> tuple[int, ...]:
    return tuple(event.id for event in events if event.type in RUN_EVENTS and _is_of(event, run))


def _is_of(event: Happening, run: Run) -> bool:
    return event.data.get("kind", event.data.get("clock")) == run.kind and event.data.get("run") == run.run


def _told(rule: str, event: Happening, name: object, place: str, **more: Any) -> Iterator[Fact]:
    organisation_id = event.data.get(place)
    if organisation_id is not None:
        fact = Fact(rule, f"{name}", int(organisation_id), event.at, (event.id,), ruled_by=event.role)
        yield replace(fact, **more)


def _intervened(event: Happening) -> Iterator[Fact]:
    cause = f"{event.data.get('kind')}:{event.data.get('run')}"
    return _told("intervention", event, cause, "site_id", cause=cause)


def _ruling(event: Happening) -> Iterator[Fact]:
    if str(event.data.get("ruling", "")).startswith(UPHELD):
        yield from _told("appeal_upheld", event, f"appeal:{event.data.get('appeal_id')}", "site_id")


def _broken(event: Happening) -> Iterator[Fact]:
    name, due = f"promise:{event.data.get('promise_id')}", event.data.get("due_at")
    decided = {"decided_at": datetime.fromisoformat(due)} if due else {}
    return _told("promise_broken", event, name, "site_id", cause=f"promise:{event.data.get('run')}", **decided)


def _wrong_return(event: Happening) -> Iterator[Fact]:
    return _told("wrong_return", event, f"transfer:{event.data.get('transfer_id')}", "from_site_id")


def _by_hand(event: Happening) -> Iterator[Fact]:
    rule = str(event.data.get("rule", ""))
    if rule in BY_HAND:
        base, clerk = int(event.data.get("base_fen", 0)), event.data.get("clerk_id")
        yield from _told(rule, event, f"hand:{event.id}", "organisation_id", base_fen=base, clerk_id=clerk)


_READ: dict[str, Callable[[Happening], Iterator[Fact]]] = {
    "intervened": _intervened, "ruling": _ruling, "promise_broken": _broken, "return_refused": _wrong_return,
    HAND: _by_hand,
}  # fmt: skip


def _overturned(events: Iterable[Happening]) -> Iterator[Fact]:
    """Rejections that a court overturned and no higher one restored; the second time for a party is another fact."""
    standing: dict[str, list[Fact | None]] = {}
    for event in events:
        facts = standing.setdefault(str(event.data.get("party_id")), [])
        if event.type == "rejection_overturned":
            name = f"party:{event.data.get('party_id')}:{len(facts) + 1}"
            facts += _told("overturned", event, name, "organisation_id")
        elif event.type == "rejection_restored" and facts:
            facts[-1] = None
    for facts in standing.values():
        yield from (fact for fact in facts if fact is not None)


def _untruthful(events: Iterable[Happening]) -> Iterator[Fact]:
    """Results that the last mark calls untruthful; a second auditor's mark on the same result is the same fact."""
    last: dict[Any, Happening] = {}
    for event in events:
        if event.type in ("audited", "audit_revised"):
            last[event.data.get("result_event_id")] = event
    for result, event in last.items():
        if event.data.get("mark") == "untruthful":
            yield from _told("untruthful", event, f"result:{result}", "site_id")
