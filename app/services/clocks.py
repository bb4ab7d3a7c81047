"""Clock runs of a ticket: start, stop, void, shorten; the row is the fold, the events are the proof (rulebook 4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clocks as rule
from app.domain.clocks import Limit
from app.domain.policies import Facts, limits_for
from app.domain.roles import SYSTEM
from app.models import Clock, Ticket
from app.models.ids import new_id
from app.services import calendars, customers, emergency_rules, journal, policies

SITE_CLOCKS = ("accept", "first_reply", "resolve", "close")
MARKS_OVERDUE = frozenset({"first_reply", "resolve", "close", "appeal"})
WITHOUT_REMINDER = frozenset({"objection", "platform", "legal"})
FIVE_DAYS = timedelta(days=5)


def limits(session: Session, ticket: Ticket) -> dict[str, Limit]:
    """The ticket's limits under the policy version it was opened with, the emergency that it was opened in, and its
    customer's own limits."""
    return _limits(session, ticket, ticket.priority)


def _limits(session: Session, ticket: Ticket, priority: str) -> dict[str, Limit]:
    facts = Facts(ticket.kind, ticket.category, priority, ticket.channel, ticket.tier or None, ticket.opened_at)
    return own(session, ticket, limits_for(policies.rules(session), facts, ticket.policy_version))


def own(session: Session, ticket: Ticket, stated: Mapping[str, Limit]) -> dict[str, Limit]:
    """What holds for this ticket of the limits that the policy states."""
    return customers.strictest(ticket, emergency_rules.varied(session, ticket, stated))


def resolve_due(session: Session, ticket: Ticket, limit: Limit, now: datetime) -> datetime:
    """Due of a `resolve` run; urgent ones follow the rule of the following service day."""
    high = _limits(session, ticket, "high")["resolve"]
    table = calendars.calendars(session)
    return rule.resolve_due(limit, now, table, urgent=ticket.priority == "urgent", high_limit=high)


def start(
    session: Session, ticket: Ticket, kind: str, limit: Limit, now: datetime, *,
    due: datetime | None = None, organisation_id: int | None = None,
) -> Clock:  # fmt: skip
    """Start the next run of a clock. `due` overrides the policy's arithmetic (platform and urgent resolve)."""
    table = calendars.calendars(session)
    due = due or rule.due_at(limit, now, table)
    highest = select(func.coalesce(func.max(Clock.run), 0)).where(Clock.ticket_id == ticket.id, Clock.kind == kind)
    clock = Clock(
        id=new_id(), ticket_id=ticket.id, kind=kind, run=(session.scalar(highest) or 0) + 1, minutes=limit.minutes,
        calendar=limit.calendar, started_at=now, due_at=due, organisation_id=organisation_id, state="running", stage=0,
    )  # fmt: skip
    clock.next_stage_at = first_stage_at(clock, table)
    session.add(clock)
    data = {"kind": kind, "run": clock.run, "due_at": due, "minutes": limit.minutes, "calendar": limit.calendar}
    data["organisation_id"] = organisation_id
    journal.append(session, ticket, "clock_started", actor=SYSTEM, now=now, data=data)
    if ticket.standing_still and kind in SITE_CLOCKS and due > now:
        _stand(session, ticket, clock, now)
    session.flush()
    return clock


def first_stage_at(clock: Clock, table: rule.Calendars) -> datetime:
    """When the sweep looks at this clock next; clocks without reminders only at their due (legal on day 5 before)."""
    if clock.kind == "legal":
        return min(clock.started_at + FIVE_DAYS, clock.due_at)
    if clock.kind in WITHOUT_REMINDER:
        return clock.due_at
    return stages(clock, table)[clock.stage].at


def stages(clock: Clock, table: rule.Calendars) -> tuple[rule.Stage, ...]:
    """All reminder stages of this run in order."""
    limit = Limit(clock.minutes, clock.calendar)
    return rule.stages(limit, clock.started_at, clock.due_at, table)


def running(session: Session, ticket: Ticket, kinds: Collection[str] | None = None) -> list[Clock]:
    """Runs that have not stopped yet, late ones included."""
    statement = select(Clock).where(Clock.ticket_id == ticket.id, Clock.stopped_at.is_(None), Clock.state != "void")
    if kinds is not None:
        statement = statement.where(Clock.kind.in_(kinds))
    return list(session.scalars(statement.order_by(Clock.id)))


def all_runs(session: Session, ticket: Ticket, kind: str) -> list[Clock]:
    """Every run of one clock, the first one first."""
    statement = select(Clock).where(Clock.ticket_id == ticket.id, Clock.kind == kind)
    return list(session.scalars(statement.order_by(Clock.run)))


def stop(
    session: Session, ticket: Ticket, kinds: Collection[str], now: datetime, *,
    credited: bool = True, organisation_id: int | None = None,
) -> None:  # fmt: skip
    """Stop the running runs of `kinds`: in time at their due or before, late afterwards.

    Without `credited` somebody else served the complainant and the run is not in time whenever it stops (rulebook
    3.11). `organisation_id` stops the runs of that organisation alone.
    """
    for clock in running(session, ticket, kinds):
        if organisation_id is not None and clock.organisation_id != organisation_id:
            continue
        if clock.state == "paused":
            _run_on(session, ticket, clock, now)
        met = rule.in_time(now, clock.due_at) and credited
        clock.stopped_at, clock.next_stage_at, clock.credited = now, None, credited
        clock.state = "met" if met else "breached"
        if not met and clock.breached_at is None:
            clock.breached_at = min(now, clock.due_at)
        data = {"kind": clock.kind, "run": clock.run, "due_at": clock.due_at, "in_time": met}
        journal.append(session, ticket, "clock_stopped", actor=SYSTEM, now=now, data=data)


def void(session: Session, ticket: Ticket, kinds: Collection[str], now: datetime) -> None:
    """Take running runs that are not late yet out of all measures; a breach stands and is stopped as late."""
    for clock in running(session, ticket, kinds):
        if now > clock.due_at:
            stop(session, ticket, [clock.kind], now)
            continue
        clock.state, clock.next_stage_at, clock.stopped_at = "void", None, now
        data = {"kind": clock.kind, "run": clock.run}
        journal.append(session, ticket, "clock_void", actor=SYSTEM, now=now, data=data)


def pause(session: Session, ticket: Ticket, now: datetime) -> None:
    """Let the site clocks that are not late stand still (rulebook 4 "Pauses")."""
    for clock in running(session, ticket, SITE_CLOCKS):
        if clock.state != "running" or now >= clock.due_at:
            continue
        _stand(session, ticket, clock, now)


def _stand(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> None:
    clock.state, clock.paused_at, clock.next_stage_at = "paused", now, None
    journal.append(session, ticket, "clock_paused", actor=SYSTEM, now=now, data=_run_of(clock))


def resume(session: Session, ticket: Ticket, now: datetime) -> None:
    """Let them run on: what was left when the pause began is left from now on. Not in an emergency's pause."""
    if ticket.standing_still:
        return
    for clock in running(session, ticket, SITE_CLOCKS):
        if clock.state == "paused":
            _run_on(session, ticket, clock, now)


def _run_on(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> None:
    table = calendars.calendars(session)
    paused_at = clock.paused_at or now
    clock.due_at = rule.paused_due(clock.due_at, paused_at, now, Limit(clock.minutes, clock.calendar), table)
    clock.state, clock.paused_at = "running", None
    line = stages(clock, calendars.calendars_at(session, clock.started_at))
    while clock.stage < len(line) - 1 and line[clock.stage].name != "breach" and line[clock.stage].at <= now:
        clock.stage += 1  # what would have been told in the pause is not told after it
    clock.next_stage_at = line[clock.stage].at
    data = {**_run_of(clock), "due_at": clock.due_at}
    journal.append(session, ticket, "clock_resumed", actor=SYSTEM, now=now, data=data)


def _run_of(clock: Clock) -> dict[str, object]:
    return {"kind": clock.kind, "run": clock.run}


def shorten(session: Session, ticket: Ticket, now: datetime) -> None:
    """After a repeat or a raised priority: running site clocks get the earlier of old due and now + limit; a breach
    stands (rulebook 3.12)."""
    new_limits, table = limits(session, ticket), calendars.calendars(session)
    for clock in running(session, ticket, SITE_CLOCKS):
        limit = new_limits.get(clock.kind)
        if limit is None or now > clock.due_at or clock.state == "paused":
            continue
        fresh = resolve_due(session, ticket, limit, now) if clock.kind == "resolve" else rule.due_at(limit, now, table)
        if fresh < clock.due_at:
            clock.due_at = fresh
            then = calendars.calendars_at(session, clock.started_at)
            clock.next_stage_at = stages(clock, then)[min(clock.stage, 2)].at
            data = {"kind": clock.kind, "run": clock.run, "due_at": fresh}
            journal.append(session, ticket, "clock_shortened", actor=SYSTEM, now=now, data=data)


def start_site_clocks(session: Session, ticket: Ticket, now: datetime) -> None:
    """The three clocks of a freshly routed ticket: accept, first reply, resolve; booked to the handling site."""
    stated = limits(session, ticket)
    for kind in ("accept", "first_reply", "resolve"):
        due = resolve_due(session, ticket, stated[kind], now) if kind == "resolve" else None
        start(session, ticket, kind, stated[kind], now, due=due, organisation_id=ticket.handling_site_id)


def start_rework(session: Session, ticket: Ticket, now: datetime) -> None:
    """A new run of `resolve` after a return, a refusal, a repeat or a broken promise: 12 hours (D)."""
    limit = limits(session, ticket)["rework"]
    start(session, ticket, "resolve", limit, now, organisation_id=ticket.handling_site_id)


def refresh(session: Session, ticket: Ticket, now: datetime) -> None:
    """Fold the running clocks into the row: next due, next clock, overdue."""
    open_runs = [clock for clock in running(session, ticket) if clock.state != "paused"]
    first = min(open_runs, key=lambda clock: clock.due_at, default=None)
    ticket.next_due_at = first.due_at if first else None
    ticket.next_clock = first.kind if first else ""
    late = [clock for clock in open_runs if clock.kind in MARKS_OVERDUE and clock.breached_at is not None]
    ticket.overdue = bool(late)
    if not late and ticket.level == 1:
        ticket.level = 0
