"""Clock runs of a ticket: start, stop, void, shorten; the row is the fold, the events are the proof (rulebook 4)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clocks as rule
from app.domain.calendars import local_date
from app.domain.clocks import Limit
from app.domain.exemptions import KINDS, LATE_ON_ARRIVAL
from app.domain.roles import SYSTEM
from app.models import Clock, Ticket
from app.models.ids import new_id
from app.services import calendars, clock_levels, clock_runs, emergency_rules, journal, lateness, organisations
from app.services.clock_levels import FIVE_DAYS, MARKS_OVERDUE
from app.services.clock_runs import all_runs as all_runs
from app.services.clock_runs import running as running
from app.services.ticket_limits import limits as limits
from app.services.ticket_limits import own as own
from app.services.ticket_limits import regulator_limit as regulator_limit
from app.services.ticket_limits import resolve_due as resolve_due
from app.services.work import OF_ONE_DESK

SITE_CLOCKS = ("accept", "first_reply", "resolve", "close")
WITHOUT_REMINDER = frozenset({"objection", "delivery", "platform", "legal"})


def start(
    session: Session, ticket: Ticket, kind: str, limit: Limit, now: datetime, *,
    due: datetime | None = None, organisation_id: int | None = None,
) -> Clock:  # fmt: skip
    """Start the next run of a clock. `due` overrides the policy's arithmetic (platform and urgent resolve)."""
    table = calendars.calendars(session)
    due = due or rule.due_at(limit, now, table)
    clock = Clock(
        id=new_id(), ticket_id=ticket.id, kind=kind, run=clock_runs.next_run(session, ticket, kind),
        minutes=limit.minutes, calendar=limit.calendar, started_at=now, due_at=due,
        state="running", stage=0, exempt=kind in KINDS and LATE_ON_ARRIVAL in (ticket.flags or []),
    )  # fmt: skip
    clock.next_stage_at = first_stage_at(clock, table)
    clock_runs.book(session, ticket, clock, organisation_id)
    session.add(clock)
    clock_runs.of(session, ticket).append(clock)
    data = {"kind": kind, "run": clock.run, "due_at": due, "minutes": limit.minutes, "calendar": limit.calendar}
    data["organisation_id"] = organisation_id
    journal.append(session, ticket, "clock_started", actor=SYSTEM, now=now, data=data)
    if ticket.standing_still and kind in SITE_CLOCKS and due > now:
        _stand(session, ticket, clock, now)
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
    if clock.kind == "promise":
        return rule.promise_stages(clock.started_at, clock.due_at)
    limit = Limit(clock.minutes, clock.calendar)
    return rule.stages(limit, clock.started_at, clock.due_at, table)


def stop(
    session: Session, ticket: Ticket, kinds: Collection[str], now: datetime, *,
    credited: bool = True, organisation_id: int | None = None, by_id: int | None = None,
) -> None:  # fmt: skip
    """Stop the running runs of `kinds`: in time at their due or before, late afterwards.

    Without `credited` somebody else served the complainant and the run is not in time whenever it stops (rulebook
    3.11). `organisation_id` stops the runs of that organisation alone; `by_id` is whose answer does it.
    """
    for clock in running(session, ticket, kinds):
        if organisation_id is None or clock.organisation_id == organisation_id:
            stop_run(session, ticket, clock, now, credited=credited, by_id=by_id)


def stop_run(
    session: Session, ticket: Ticket, clock: Clock, now: datetime, *, credited: bool = True, by_id: int | None = None
) -> None:
    """Stop one run, if it runs; a result that turns out late here, before the sweep saw it, is booked here."""
    if clock.stopped_at is not None:
        return
    if clock.state == "paused":
        _run_on(session, ticket, clock, emergency_rules.stood_until(session, ticket, now))
    in_time = rule.in_time(now, clock.due_at)
    clock.stopped_at, clock.next_stage_at, clock.credited, clock.stopped_by_id = now, None, credited, by_id
    clock.state = "met" if in_time and credited else "breached"
    if clock.state == "met":
        clock.breached_at = None  # the sweep may have come first: who acted in time was not late
    if clock.state == "breached" and clock.breached_at is None:
        clock.breached_at = min(now, clock.due_at)
        if not in_time:
            lateness.book(session, ticket, clock, now)
    data = {"kind": clock.kind, "run": clock.run, "due_at": clock.due_at, "in_time": clock.state == "met"}
    data |= {} if credited else {"credited": False}
    journal.append(session, ticket, "clock_stopped", actor=SYSTEM, now=now, data=data)


def void(
    session: Session, ticket: Ticket, kinds: Collection[str], now: datetime, *, organisation_id: int | None = None
) -> None:
    """Take running runs that are not late yet out of all measures; a breach stands and is stopped as late.

    `organisation_id` voids the runs of that organisation alone.
    """
    for clock in running(session, ticket, kinds):
        if organisation_id is None or clock.organisation_id == organisation_id:
            void_run(session, ticket, clock, now)


def void_run(session: Session, ticket: Ticket, clock: Clock, now: datetime) -> None:
    """The same for one run; one that has stopped stays as it is."""
    if clock.stopped_at is not None:
        return
    if now > clock.due_at and clock.state != "paused":  # what stands still is not late
        stop_run(session, ticket, clock, now)
        return
    clock.state, clock.next_stage_at, clock.stopped_at = "void", None, now
    journal.append(session, ticket, "clock_void", actor=SYSTEM, now=now, data=_run_of(clock))


def void_all(session: Session, ticket: Ticket, organisation_id: int, now: datetime) -> None:
    """Take every run of a site that lost the ticket out of all measures, met, late and running ones alike: what was
    not its own is charged to nobody (rulebook 3.2). The event says what the run was."""
    lost = select(Clock).where(
        Clock.ticket_id == ticket.id, Clock.organisation_id == organisation_id, Clock.kind.in_(SITE_CLOCKS),
        Clock.state != "void",
    )  # fmt: skip
    for clock in session.scalars(lost.order_by(Clock.id)):
        data = {**_run_of(clock), "was": clock.state, "organisation_id": organisation_id}
        clock.state, clock.next_stage_at, clock.stopped_at = "void", None, clock.stopped_at or now
        journal.append(session, ticket, "clock_void", actor=SYSTEM, now=now, data=data)


def run_on(session: Session, ticket: Ticket, kind: str, now: datetime) -> None:
    """Let the runs of a clock that stopped before their due go on to that same due: neither pause nor restart."""
    for clock in all_runs(session, ticket, kind):
        if clock.state != "met" or clock.due_at <= now:
            continue
        clock.state, clock.stopped_at = "running", None
        clock.next_stage_at = max(now, first_stage_at(clock, calendars.calendars(session)))
        data = {**_run_of(clock), "due_at": clock.due_at}
        journal.append(session, ticket, "clock_resumed", actor=SYSTEM, now=now, data=data)


def redate(session: Session, ticket: Ticket, clock: Clock, due: datetime, now: datetime, **why: object) -> None:
    """Move the due of a run that counts towards somebody else's instant; `why` goes into the event."""
    clock.due_at = clock.next_stage_at = due
    data = {**_run_of(clock), "due_at": due, **why}
    journal.append(session, ticket, "clock_redated", actor=SYSTEM, now=now, data=data)


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
        if limit is None or (now > clock.due_at and clock.state != "paused"):
            continue
        fresh = resolve_due(session, ticket, limit, now) if clock.kind == "resolve" else rule.due_at(limit, now, table)
        if fresh < _due_from(clock, now, table):
            _shorten(session, ticket, clock, fresh, now)


def _due_from(clock: Clock, now: datetime, table: rule.Calendars) -> datetime:
    """The run's due, of one that stands still what it would be if it ran on from now."""
    since = clock.paused_at or now
    return rule.paused_due(clock.due_at, since, now, Limit(clock.minutes, clock.calendar), table)


def _shorten(session: Session, ticket: Ticket, clock: Clock, fresh: datetime, now: datetime) -> None:
    """The new due; what stands still has the new time before it when it runs on."""
    clock.due_at = fresh
    if clock.state == "paused":
        clock.paused_at = now
    else:
        then = calendars.calendars_at(session, clock.started_at)
        clock.next_stage_at = stages(clock, then)[min(clock.stage, 2)].at
    data = {"kind": clock.kind, "run": clock.run, "due_at": fresh}
    journal.append(session, ticket, "clock_shortened", actor=SYSTEM, now=now, data=data)


def lengthen(session: Session, ticket: Ticket, now: datetime) -> None:
    """After a limit was eased with consent: first runs of the site's clocks that are not late get the later of old due
    and start + limit."""
    new_limits, table = limits(session, ticket), calendars.calendars(session)
    for clock in running(session, ticket, ("accept", "first_reply", "resolve")):
        limit = new_limits.get(clock.kind)
        if limit is None or now > clock.due_at or clock.state == "paused" or clock.run > 1:
            continue
        began = clock.started_at
        later = (
            resolve_due(session, ticket, limit, began) if clock.kind == "resolve" else rule.due_at(limit, began, table)
        )
        if later > clock.due_at:
            clock.due_at, clock.minutes, clock.calendar = later, limit.minutes, limit.calendar
            clock.next_stage_at = stages(clock, table)[min(clock.stage, 2)].at
            data = {**_run_of(clock), "due_at": later}
            journal.append(session, ticket, "clock_eased", actor=SYSTEM, now=now, data=data)


def start_site_clocks(session: Session, ticket: Ticket, now: datetime) -> None:
    """The three clocks of a freshly routed ticket: accept, first reply, resolve; booked to whoever works it."""
    stated = limits(session, ticket)
    for kind in ("accept", "first_reply", "resolve"):
        due = resolve_due(session, ticket, stated[kind], now) if kind == "resolve" else None
        start(session, ticket, kind, stated[kind], now, due=due, organisation_id=assessed_id(session, ticket))


def assessed_id(session: Session, ticket: Ticket) -> int | None:
    """Whose clocks the site's clocks are: its own; its province's for a ticket from before its onboarding; without a
    site, those of the service desk that works the ticket."""
    site = organisations.known(session, ticket.handling_site_id)
    if site is None:
        return ticket.acting_id
    if site.onboarded_from is None or local_date(ticket.opened_at) >= site.onboarded_from:
        return site.id
    return site.province_id or site.id


def start_rework(session: Session, ticket: Ticket, now: datetime) -> None:
    """A new run of `resolve` after a return, a refusal, a repeat or a broken promise: 12 hours (D)."""
    limit = limits(session, ticket)["rework"]
    start(session, ticket, "resolve", limit, now, organisation_id=assessed_id(session, ticket))


def refresh(session: Session, ticket: Ticket, now: datetime) -> None:
    """Fold the running clocks into the row: next due, next clock, overdue. What waits for one desk alone is shown to
    that desk by its work item. Time alone hands a ticket up; here it only comes down again."""
    runs = running(session, ticket)
    open_runs = [clock for clock in runs if clock.state != "paused"]
    own = [clock for clock in open_runs if clock.kind not in OF_ONE_DESK]
    first = min(own, key=lambda clock: clock.due_at, default=None)
    ticket.next_due_at = first.due_at if first else None
    ticket.next_clock = first.kind if first else ""
    late = [clock for clock in open_runs if clock.kind in MARKS_OVERDUE and clock.breached_at is not None]
    ticket.overdue = bool(late)
    ticket.level = min(ticket.level, clock_levels.of(ticket, runs, now))
