"""Deadlines fire once, on time, and each stage is told to a phone once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.models import Clock, Event, Organisation, Outbox, Promise, Reminder, Ticket
from app.services import queue, reminders, replies, sweep
from app.services.queue import Filters
from app.services.replies import PromiseIn, ResultIn
from tests.cast import NOON, Cast, post, push, ticket

MIN = timedelta(minutes=1)


def events(session, kind: str) -> int:
    session.rollback()
    return session.scalar(select(func.count()).where(Event.type == kind)) or 0


def test_an_overdue_first_reply_is_flagged_and_handed_to_the_lcs(cast: Cast, db_session) -> None:
    number = push(cast)
    sweep.run(db_session, NOON + 31 * MIN)
    row = ticket(db_session, number)
    assert (row.overdue, row.level) == (True, 1)
    shown = queue.page(db_session, cast["lcs"], Filters(queue="todo"), NOON).rows
    assert [line.number for line in shown] == [number]


def test_four_hours_after_the_breach_the_ccs_has_it(cast: Cast, db_session) -> None:
    number = push(cast)
    sweep.run(db_session, NOON + timedelta(hours=4, minutes=30))
    assert ticket(db_session, number).level == 2


def test_sweeping_twice_breaches_once(cast: Cast, db_session) -> None:
    push(cast)
    for _ in range(3):
        sweep.run(db_session, NOON + 31 * MIN)
    assert events(db_session, "clock_breached") == 2  # accept and first reply


def test_a_late_sweep_still_books_the_breach_at_its_due(cast: Cast, db_session) -> None:
    number = push(cast)
    sweep.run(db_session, NOON + timedelta(hours=3))
    clock = db_session.scalars(select(Clock).where(Clock.kind == "first_reply")).one()
    assert clock.breached_at == NOON + 30 * MIN
    assert ticket(db_session, number).overdue


def test_a_poisoned_clock_is_pushed_ahead_and_stops_nobody(cast: Cast, db_session, monkeypatch) -> None:
    first, second = push(cast, "W1"), push(cast, "W2")
    bad = db_session.scalar(select(Ticket.id).where(Ticket.number == first))
    real = sweep._stages

    def poisoned(session, row, clock, now):
        if row.id == bad:
            raise RuntimeError("poison")
        return real(session, row, clock, now)

    monkeypatch.setattr(sweep, "_stages", poisoned)
    sweep.run(db_session, NOON + 31 * MIN)
    assert ticket(db_session, second).overdue
    assert not ticket(db_session, first).overdue
    later = db_session.scalars(select(Clock.next_stage_at).join(Ticket).where(Ticket.id == bad, Clock.kind == "accept"))
    assert later.one() == NOON + 36 * MIN


def test_a_clock_that_met_a_locked_database_is_flagged_within_a_minute(cast: Cast, db_session, monkeypatch) -> None:
    number = push(cast, "W1")
    real, met = sweep._stages, []

    def locked(session, row, clock, now):
        met.append(clock.id)
        if len(met) == 2:  # once among others, once alone
            monkeypatch.setattr(sweep, "_stages", real)
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(sweep, "_stages", locked)
    sweep.run(db_session, NOON + 30 * MIN)
    sweep.run(db_session, NOON + 31 * MIN)
    late = select(Clock).join(Ticket).where(Ticket.number == number, Clock.due_at <= NOON + 30 * MIN)
    assert all(clock.breached_at for clock in db_session.scalars(late))


def test_a_stage_is_told_once_and_bundled(cast: Cast, db_session) -> None:
    push(cast, "W1")
    push(cast, "W2")
    for _ in range(3):
        sweep.run(db_session, NOON + 16 * MIN)
        reminders.bundle(db_session, NOON + 16 * MIN)
    rows = list(db_session.scalars(select(Outbox).where(Outbox.kind == "sms")))
    site = [row for row in rows if row.organisation_id == cast.places["330106-01"]]
    assert len(site) == 1
    assert site[0].payload["variables"]["count"] == 2
    told = select(func.count()).where(Reminder.stage == "50", Reminder.outbox_id == site[0].id)
    assert db_session.scalar(told) == 2


def test_a_phone_is_left_alone_for_ten_minutes(cast: Cast, db_session) -> None:
    push(cast, "W1")
    sweep.run(db_session, NOON + 16 * MIN)
    reminders.bundle(db_session, NOON + 16 * MIN)
    push(cast, "W2", now=NOON + 2 * MIN)
    sweep.run(db_session, NOON + 18 * MIN)
    site = select(func.count()).where(Outbox.organisation_id == cast.places["330106-01"])
    for minutes, sent in ((18, 1), (25, 1), (26, 2), (27, 2)):
        reminders.bundle(db_session, NOON + minutes * MIN)
        db_session.rollback()
        assert db_session.scalar(site) == sent


def test_a_reminder_of_a_stopped_clock_is_dropped(cast: Cast, db_session) -> None:
    number = push(cast)
    sweep.run(db_session, NOON + 16 * MIN)
    answer = ResultIn(text="已处理", contact_outcome="reached_accepts")
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON + 17 * MIN)
    db_session.execute(Outbox.__table__.delete())
    db_session.commit()
    reminders.bundle(db_session, NOON + 17 * MIN)
    dropped = select(Reminder.dropped).where(Reminder.organisation_id == cast.places["330106-01"])
    assert db_session.scalars(dropped).all() == ["stopped"]


def test_a_broken_promise_brings_the_ticket_back_by_itself(cast: Cast, db_session) -> None:
    number = push(cast)
    promised = [PromiseIn("redelivery", NOON + timedelta(hours=2))]
    answer = ResultIn(text="今天送到", contact_outcome="reached_accepts", promises=promised)
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    sweep.run(db_session, NOON + timedelta(hours=2, seconds=1))
    row = ticket(db_session, number)
    assert (row.state, row.queue, row.open_promises) == ("in_progress", "returned", 0)
    assert db_session.scalars(select(Promise.state)).one() == "broken"


def test_an_objection_window_that_passes_starts_the_close_clock(cast: Cast, db_session) -> None:
    from app.services.intake import ComplaintIn, manual

    complaint = ComplaintIn(text="电话投诉未收到", category="FALSE_SIGN", channel="telephone", site_code="330106-01")
    number = manual(actor=cast["site"], complaint=complaint, key="k", now=NOON)
    answer = ResultIn(text="已处理", contact_outcome="reached_accepts")
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    sweep.run(db_session, NOON + timedelta(hours=48))
    row = ticket(db_session, number)
    assert row.objection_over and row.next_clock == "close"
    assert row.next_due_at == NOON + timedelta(hours=72)


def test_a_duty_phone_of_two_provinces_gets_one_sms_for_each(cast: Cast, db_session) -> None:
    shared = db_session.query(Organisation).filter(Organisation.code.in_(("330106-01", "440305-01")))
    shared.update({"duty_phone": "13900000000"})
    db_session.commit()
    here, there = push(cast, "W1"), push(cast, "W2", site="440305-01")
    sweep.run(db_session, NOON + 16 * MIN)
    for minutes in (16, 27):
        reminders.bundle(db_session, NOON + minutes * MIN)
    rows = db_session.scalars(select(Outbox).where(Outbox.lane == "phone:13900000000")).all()
    assert sorted(row.payload["tickets"] for row in rows) == sorted([[here], [there]])
    assert len({row.province_id for row in rows}) == 2


def test_nobody_accepted_in_ten_minutes_rings_the_province_and_not_the_site(cast: Cast, db_session) -> None:
    number = push(cast)
    sweep.run(db_session, NOON + 9 * MIN)
    assert ringing(db_session, cast, "33") == []
    sweep.run(db_session, NOON + 10 * MIN)
    assert ringing(db_session, cast, "33") == [("accept", "breach")]
    assert ("accept", "breach") not in ringing(db_session, cast, "330106-01")
    assert not ticket(db_session, number).overdue and ticket(db_session, number).level == 0


def test_after_the_breach_the_site_is_told_every_four_hours_and_three_times_at_most(cast: Cast, db_session) -> None:
    push(cast)
    for hours in range(0, 40, 2):
        sweep.run(db_session, NOON + timedelta(minutes=31, hours=hours))
    told = [stage for kind, stage in ringing(db_session, cast, "330106-01") if kind == "first_reply"]
    assert told == ["breach", "after_1", "after_2", "after_3"]


def ringing(session, cast: Cast, place: str) -> list[tuple[str, str]]:
    """Clock and stage of what an organisation's phone is to be told, in order."""
    session.rollback()
    statement = select(Clock.kind, Reminder.stage).join(Reminder, Reminder.clock_id == Clock.id)
    mine = statement.where(Reminder.organisation_id == cast.places[place])
    return [(kind, stage) for kind, stage in session.execute(mine.order_by(Reminder.created_at, Reminder.stage))]
