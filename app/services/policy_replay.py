"""Clock runs computed again: what their due would be under other policy rules. Select only.

A run keeps its start, its pauses, the repeats of its ticket, its emergency and its customer's own limits; only the
policy's limits change. First it is replayed under its
own version: one whose stored due that does not meet (the platform's own times, imported tickets) was not counted by a
policy, and no policy can say what would become of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.domain.clocks import Limit
from app.domain.explain import Leg, run_due
from app.domain.own_limits import Variation, variation
from app.domain.policies import Basis, Facts, PolicyRule, limits_for
from app.models import Clock, Emergency, Event, Organisation, Ticket, entries
from app.services import calendars, clock_legs, policies
from app.services.clock_legs import RAISES, Happening, Known, Run
from app.services.clocks import SITE_CLOCKS

CHUNK = 500
TOLD = (*RAISES, "received", "clock_paused", "clock_resumed")


class Replay:
    """Replays runs under a draft; limits are looked up once for each sort of ticket."""

    def __init__(self, session: Session, draft: list[PolicyRule]) -> None:
        self._session, self._draft, self._stored = session, draft, policies.rules(session)
        self._at = calendars.timeline(session)
        self._limits: dict[tuple[Any, ...], dict[str, Limit]] = {}
        self._bases: dict[tuple[Any, ...], Basis | None] = {}

    def of(self, ids: Sequence[int], which: Any) -> Iterator[tuple[Any, datetime | None]]:
        """The runs of these tickets for which `which` holds, each with its due under the draft; None for a run that no
        policy counted, or whose clock the draft does not know."""
        for begin in range(0, len(ids), CHUNK):
            chunk = ids[begin : begin + CHUNK]
            happened = _happenings(self._session, chunk)
            for row in self._session.execute(_runs().where(Clock.ticket_id.in_(chunk), which).order_by(Clock.id)):
                yield row, self._would_be(row, happened.get(row.ticket_id, []))

    def _would_be(self, row: Any, happenings: Sequence[Happening]) -> datetime | None:
        facts = Facts(row.ticket_kind, row.category, row.priority, row.channel, row.tier or None, row.opened_at)
        vary = variation(row.instead, row.customer_limits)
        known = replace(clock_legs.known_of(facts, happenings), vary=vary.of)
        limit = Limit(row.minutes, row.calendar)
        run = Run(row.kind, row.run, limit, row.started_at, row.due_at, _reworked(row))
        basis = self._basis(known, run, row.policy_version, vary) if row.kind != "platform" else None
        if basis is None:
            return None
        if row.stopped_at is not None:  # what came after the stop changed nothing any more
            known = replace(known, raised=tuple(at for at in known.raised if at < row.stopped_at))
        own = [one for one in happenings if one.of(run.kind, run.run)]
        if self._due(self._stored, row.policy_version, basis, run, known, own) != row.due_at:
            return None
        return self._due(self._draft, self._draft[0].version, basis, run, known, own)

    def _basis(self, known: Known, run: Run, version: int, vary: Variation) -> Basis | None:
        """Where the run's limit came from; asked once for runs that look alike."""
        raised = any(at <= run.started_at for at in known.raised)
        key = (version, _sort(known.facts), known.category, known.priority, raised, run.names, run.limit, vary)
        if key not in self._bases:
            self._bases[key] = clock_legs.basis(self._stored, known, run, version, known.vary)
        return self._bases[key]

    def _due(
        self, rules: Sequence[PolicyRule], version: int, basis: Basis, run: Run, known: Known, own: list[Happening]
    ) -> datetime | None:
        """The due by these rules, shortened by each repeat that came before it (rulebook 3.12: a breach stands)."""
        legs: list[Leg] = []
        table = self._at(run.started_at)
        for at, name, facts in _beginnings(basis, run, known):
            limit = self._limit(rules, version, facts, name, known)
            if limit is None or (legs and at > run_due(legs, table)):
                break
            urgent = name == "resolve" and facts.priority == "urgent"
            high = self._limit(rules, version, replace(facts, priority="high"), name, known) if urgent else None
            legs.append(Leg(limit, at, clock_legs.pauses_within(own, at), high))
        return run_due(legs, table) if legs else None

    def _limit(self, rules: Sequence[PolicyRule], version: int, facts: Facts, name: str, known: Known) -> Limit | None:
        key = (version, _sort(facts))
        if key not in self._limits:
            self._limits[key] = limits_for(rules, facts, version)
        stated = self._limits[key]
        return known.vary({name: stated[name]})[name] if name in stated else None


def _beginnings(basis: Basis, run: Run, known: Known) -> Iterator[tuple[datetime, str, Facts]]:
    """The start of the run and each repeat during it, with the limit that was asked for then and the facts."""
    yield run.started_at, basis.clock, basis.facts
    if run.kind in SITE_CLOCKS:
        for at in known.raised:
            if at > run.started_at:
                yield at, run.kind, replace(known.facts, priority="urgent")


def _sort(facts: Facts) -> tuple[str | None, ...]:
    """What limits are asked by, without the instant."""
    return facts.kind, facts.category, facts.priority, facts.channel, facts.tier


def _happenings(session: Session, ids: Sequence[int]) -> dict[int, list[Happening]]:
    found: dict[int, list[Happening]] = {}
    statement = select(Event.ticket_id, Event.type, Event.at, Event.data).where(
        entries.of_tickets(ids), Event.type.in_(TOLD)
    )
    for ticket_id, *rest in session.execute(statement.order_by(Event.ticket_id, Event.seq)):
        found.setdefault(ticket_id, []).append(Happening(*rest))
    return found


def _reworked(row: Any) -> bool:
    return bool(row.reworked) if row.kind == "objection" else row.run > 1 and not row.fresh


def _runs() -> Any:
    """Runs with the facts of their tickets, the province that is charged, and what tells a rework from a routing."""
    other, site = aliased(Clock), aliased(Organisation)
    beside = and_(other.ticket_id == Clock.ticket_id, other.kind == "first_reply", other.started_at == Clock.started_at)
    before = and_(other.ticket_id == Clock.ticket_id, other.kind == "resolve", other.run > 1)
    return (
        select(
            Clock.id, Clock.ticket_id, Clock.kind, Clock.run, Clock.minutes, Clock.calendar, Clock.started_at,
            Clock.due_at, Clock.stopped_at, Ticket.number, Ticket.kind.label("ticket_kind"), Ticket.category,
            Ticket.priority, Ticket.channel, Ticket.opened_at, Ticket.policy_version, Ticket.tier,
            Ticket.customer_limits, Emergency.limits.label("instead"),
            func.coalesce(site.province_id, Ticket.province_id).label("province_id"),
            exists().where(beside).label("fresh"),
            exists().where(before, other.started_at <= Clock.started_at).label("reworked"),
        )
        .join(Ticket, Ticket.id == Clock.ticket_id)
        .outerjoin(site, site.id == Clock.organisation_id)
        .outerjoin(Emergency, Emergency.id == Ticket.emergency_id)
    )  # fmt: skip
