"""The read side of one clock run: everything that made its due time, down to the second. Select only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.calendars import ALWAYS, Calendar, local_date
from app.domain.clocks import Limit
from app.domain.errors import NotFound
from app.domain.explain import Explanation, explain
from app.domain.policies import Basis, Facts
from app.domain.roles import Actor
from app.models import CalendarDay, Category, Clock, Event, Organisation, Ticket, entries
from app.services import archive_reading, calendars, clock_legs, clocks, policies, scope
from app.services.calendars import Hours
from app.services.clock_legs import RAISES, RUN_EVENTS, Happening, Known, Run, Told


@dataclass(frozen=True)
class Step:
    """A leg explained, and whether a repeat or a raised priority began it."""

    explanation: Explanation
    shortened: bool
    calendar: Calendar


@dataclass(frozen=True)
class ClockView:
    """A clock run as its page needs it. `hours` is None for standard hours that nobody ever stored."""

    ticket: Ticket
    clock: Clock
    site: Organisation | None
    events: Sequence[Happening]
    steps: Sequence[Step]
    basis: Basis | None
    basis_category: Category | None
    calendar: Calendar
    hours: Hours | None
    names: dict[str, str]

    @property
    def agrees(self) -> bool:
        """Whether the last leg ends in the stored due."""
        return bool(self.steps) and self.steps[-1].explanation.agrees


def view(session: Session, actor: Actor, number: str, clock_id: int) -> ClockView:
    """A clock run of a ticket in the actor's scope. Raises NotFound."""
    ticket = scope.load(session, actor, number)
    clock = next((run for run in runs_of(session, ticket) if run.id == clock_id), None)
    if clock is None:
        raise NotFound("clock_not_found")
    return of_run(session, ticket, clock)


def runs_of(session: Session, ticket: Ticket) -> Sequence[Clock]:
    """The ticket's clock runs, wherever they lie."""
    if ticket.archived_at is not None:
        return archive_reading.rows(session, ticket, Clock)
    return list(session.scalars(select(Clock).where(Clock.ticket_id == ticket.id).order_by(Clock.id)))


def events_of(session: Session, ticket: Ticket, *conditions: Any) -> Sequence[Event]:
    """The ticket's events, wherever they lie, of which the conditions hold; of archived ones all."""
    if ticket.archived_at is not None:
        return archive_reading.rows(session, ticket, Event)
    return list(session.scalars(select(Event).where(entries.of_ticket(ticket.id), *conditions).order_by(Event.seq)))


def of_run(session: Session, ticket: Ticket, clock: Clock) -> ClockView:
    """The same for whoever may see the run for another reason, such as the penalty that it causes."""
    happenings = _happenings(session, ticket)
    rules, run = policies.rules(session), _run(session, ticket, clock)
    known = replace(known_of(ticket, happenings), vary=lambda stated: clocks.own(session, ticket, stated))
    basis = None if clock.kind == "platform" else clock_legs.basis(rules, known, run, ticket.policy_version)
    table = calendars.calendars_at(session, clock.started_at)
    named = basis.rule.category if basis else None
    return ClockView(
        ticket=ticket, clock=clock, events=[one for one in happenings if one.of(clock.kind, clock.run)],
        steps=_steps(session, ticket, run, known, happenings) if _counted(clock, table) else [], basis=basis,
        basis_category=session.get(Category, named) if named else None, calendar=table.get(clock.calendar, ALWAYS),
        hours=calendars.hours_at(session, clock.calendar, clock.started_at), names=_names(session, clock),
        site=session.get(Organisation, clock.organisation_id) if clock.organisation_id else None,
    )  # fmt: skip


def _counted(clock: Clock, table: Mapping[str, Calendar]) -> bool:
    """The platform names an instant: there is nothing to count."""
    return clock.kind != "platform" and clock.calendar in table


def _happenings(session: Session, ticket: Ticket) -> list[Happening]:
    kinds = (*RUN_EVENTS, *RAISES, "received")
    found = events_of(session, ticket, Event.type.in_(kinds))
    return [Happening(row.type, row.at, row.data) for row in found if row.type in kinds]


def known_of(ticket: Ticket, happenings: Sequence[Happening]) -> Known:
    """The ticket's facts now and when it came."""
    facts = Facts(ticket.kind, ticket.category, ticket.priority, ticket.channel, ticket.tier or None, ticket.opened_at)
    return clock_legs.known_of(facts, happenings)


def _run(session: Session, ticket: Ticket, clock: Clock) -> Run:
    others = runs_of(session, ticket)
    if clock.kind == "objection":
        reworks = [run for run in others if run.kind == "resolve" and run.run > 1]
        reworked = any(run.started_at <= clock.started_at for run in reworks)
    else:
        fresh = any(run.kind == "first_reply" and run.started_at == clock.started_at for run in others)
        reworked = clock.run > 1 and not fresh
    return Run(
        clock.kind, clock.run, Limit(clock.minutes, clock.calendar), clock.started_at, clock.due_at, reworked
    )  # fmt: skip


def _steps(session: Session, ticket: Ticket, run: Run, known: Known, happenings: Sequence[Happening]) -> list[Step]:
    """Each leg counted with the calendars of its own beginning."""
    rules, at = policies.rules(session), calendars.timeline(session)
    told = clock_legs.told_legs(rules, known, run, ticket.policy_version, happenings, at)
    return [_step(one, at(one.leg.begins)) for one in told]


def _step(told: Told, table: Mapping[str, Calendar]) -> Step:
    return Step(explain(told.leg, table, told.due), told.shortened, table[told.leg.limit.calendar])


def _names(session: Session, clock: Clock) -> dict[str, str]:
    """The names of the special days from the start of the run to its due, by ISO date."""
    within = CalendarDay.day.between(local_date(clock.started_at), local_date(clock.due_at))
    return {row.day.isoformat(): row.name for row in session.scalars(select(CalendarDay).where(within))}
