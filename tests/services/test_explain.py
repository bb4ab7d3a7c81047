"""A clock run explained from its events: the line of the policy, each leg, and the calendars of its own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.domain.calendar_text import Day
from app.domain.clocks import Limit
from app.domain.errors import NotFound
from app.domain.explain import COUNTED
from app.domain.roles import SYSTEM
from app.models import Clock, Ticket
from app.services import calendar_admin, calendars, clocks, explain, journal
from app.services.calendar_admin import HoursIn
from app.services.transaction import write
from tests.cast import NOON, push, tell

EVENING = datetime(2026, 11, 18, 11, 45, tzinfo=UTC)  # 19:45 in Shanghai


def runs(session, number: str) -> dict[tuple[str, int], Clock]:
    session.rollback()
    found = session.scalars(select(Clock).join(Ticket, Ticket.id == Clock.ticket_id).where(Ticket.number == number))
    return {(clock.kind, clock.run): clock for clock in found}


def told(session, cast, number: str, kind: str, run: int = 1, who: str = "site") -> explain.ClockView:
    clock_id = runs(session, number)[kind, run].id
    return explain.view(session, cast[who], number, clock_id)


def test_every_clock_of_a_new_ticket_is_explained_to_its_stored_due(cast, db_session) -> None:
    number = push(cast, now=EVENING, category="LOST")
    for kind, run in runs(db_session, number):
        found = told(db_session, cast, number, kind, run)
        assert found.agrees and found.steps[-1].explanation.stored == found.clock.due_at, kind
        assert found.basis is not None and found.basis.clock == kind
    reply = told(db_session, cast, number, "first_reply")
    counted = [line for line in reply.steps[0].explanation.lines if line.what == COUNTED]
    assert [line.counted for line in counted] == [timedelta(minutes=15), timedelta(minutes=15)]
    assert (reply.basis.rule.kind, reply.basis.rule.version) == ("complaint", 1)


def test_the_platforms_own_time_is_not_counted(cast, db_session) -> None:
    number = push(cast, now=NOON, expires=timedelta(hours=5))
    found = told(db_session, cast, number, "platform")
    assert (found.steps, found.basis) == ([], None)


def test_a_repeat_begins_a_second_leg_and_the_line_of_the_first_stays_known(cast, db_session) -> None:
    night = NOON - timedelta(hours=10)
    number = push(cast, now=night)
    tell(cast, "REPEAT", at=night + timedelta(hours=1), now=night + timedelta(hours=1))
    found = told(db_session, cast, number, "resolve")
    assert [step.shortened for step in found.steps] == [False, True]
    assert all(step.explanation.agrees for step in found.steps)
    assert found.steps[1].explanation.stored == found.clock.due_at
    assert found.basis.rule.priority == "high" and found.ticket.priority == "urgent"


def test_a_pause_told_by_events_is_counted_out(cast, db_session) -> None:
    number = push(cast, now=NOON)
    pause(number, NOON + timedelta(minutes=10), NOON + timedelta(minutes=25))
    found = told(db_session, cast, number, "first_reply")
    assert found.agrees and found.clock.due_at == NOON + timedelta(minutes=45)


def pause(number: str, begins: datetime, ends: datetime) -> None:
    """What pausing and resuming leave behind: two events and a later due."""
    with write() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        clock = clocks.running(session, ticket, ["first_reply"])[0]
        journal.append(session, ticket, "clock_paused", actor=SYSTEM, now=begins, data={"kind": clock.kind, "run": 1})
        clock.due_at += ends - begins
        data = {"kind": clock.kind, "run": 1, "due_at": clock.due_at}
        journal.append(session, ticket, "clock_resumed", actor=SYSTEM, now=ends, data=data)


def test_an_old_run_is_explained_by_the_hours_of_its_time(cast, db_session) -> None:
    number = push(cast, now=EVENING)
    hours = HoursIn("服务时间", "Service hours", "09:00-12:00 13:30-18:00", False)
    calendar_admin.change(actor=cast["admin"], name="service", hours=hours, now=EVENING + timedelta(minutes=1))
    later = push(cast, "W2", now=EVENING + timedelta(minutes=2))
    old, new = (told(db_session, cast, n, "first_reply") for n in (number, later))
    assert old.agrees and new.agrees
    assert old.clock.due_at == datetime(2026, 11, 19, 0, 15, tzinfo=UTC)  # 08:15
    assert new.clock.due_at == datetime(2026, 11, 19, 1, 30, tzinfo=UTC)  # 09:30
    assert len(old.calendar.spans) == 1 and len(new.calendar.spans) == 2


def test_an_old_run_is_explained_by_the_holidays_of_its_time(cast, db_session) -> None:
    with write() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == push(cast, now=NOON))).one()
    with write() as session:
        ticket = session.get_one(Ticket, ticket.id)
        clocks.start(session, ticket, "ruling", Limit(720, "working"), NOON)
    number, clock = ticket.number, runs(db_session, ticket.number)["ruling", 1]
    thursday = NOON.date() + timedelta(days=1)
    calendar_admin.put_day(actor=cast["admin"], day=Day(thursday, False, "停业"), now=NOON + timedelta(hours=1))
    assert told(db_session, cast, number, "ruling").agrees
    assert calendars.calendars(db_session)["working"].days[thursday] is False
    calendar_admin.drop_day(actor=cast["admin"], day=thursday, now=NOON + timedelta(hours=2))
    assert thursday not in calendars.calendars(db_session)["working"].days
    then = calendars.calendars_at(db_session, NOON + timedelta(minutes=90))["working"].days
    assert then[thursday] is False and told(db_session, cast, number, "ruling").clock.due_at == clock.due_at


def test_a_due_that_nobody_can_count_is_not_made_to_fit(cast, db_session) -> None:
    number = push(cast, now=NOON)
    with write() as session:
        session.get_one(Clock, runs(session, number)["first_reply", 1].id).due_at += timedelta(minutes=7)
    assert not told(db_session, cast, number, "first_reply").agrees


def test_a_clock_outside_the_scope_or_of_another_ticket_is_not_there(cast, db_session) -> None:
    number, other = push(cast), push(cast, "W2", site="440305-01")
    clock_id = runs(db_session, number)["first_reply", 1].id
    for who, asked in (("site-2", number), ("lcs-2", number), ("admin", number), ("ccs", other)):
        with pytest.raises(NotFound):
            explain.view(db_session, cast[who], asked, clock_id)
    assert explain.view(db_session, cast["lcs"], number, clock_id).agrees
