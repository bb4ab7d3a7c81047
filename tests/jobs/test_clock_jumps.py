"""A clock that is set by two hours flags nobody at once: one cycle is held, and it is told."""

from __future__ import annotations

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock
from app.jobs import jumps, schedule
from app.models import Event
from app.services import health, metrics
from tests.cast import NOON, Cast, begin, push

HOURS = 3600.0


@pytest.fixture
def machine(monkeypatch: Any) -> Any:
    """A machine at noon, whose clock can be set (`set`) while the time just goes on (`pass_by`)."""
    at = SimpleNamespace(wall=NOON.timestamp(), steady=1000.0)
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(seconds=at.wall - NOON.timestamp()))
    monkeypatch.setattr(schedule, "watch", jumps.Watch(lambda: at.wall, lambda: at.steady))
    schedule.watch.told = lambda _seconds: health.beat(process=health.CLOCK_JUMPED, now=clock.now())

    def pass_by(seconds: float) -> None:
        at.wall, at.steady = at.wall + seconds, at.steady + seconds

    at.set, at.pass_by = lambda by: setattr(at, "wall", at.wall + by), pass_by
    return at


@pytest.fixture
def cast(database: Any) -> Cast:
    return begin()


def turn(app: Any) -> None:
    """One turn of the real loop over the jobs that judge by the time."""
    stop = threading.Event()
    jobs = (
        schedule.Job("sweep", 0.0, schedule.sweep_clocks), schedule.Job("penalties", 0.0, schedule.keep_ledger),
        schedule.Job(schedule.HEARTBEAT, 0.0, stop.set),
    )  # fmt: skip
    kept = schedule.schedule
    schedule.schedule = lambda _look: jobs
    try:
        schedule.run_forever(app, stop)
    finally:
        schedule.schedule = kept


def breaches(session: Any) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).where(Event.type == "clock_breached")) or 0)


@pytest.mark.parametrize("hours", [2, -2])
def test_a_clock_that_jumps_two_hours_and_is_put_right_within_the_cycle_flags_nobody(
    app: Any, cast: Cast, db_session: Any, machine: Any, caplog: Any, hours: int
) -> None:
    for n in range(5):
        push(cast, f"W{n}")
    turn(app)
    machine.set(hours * HOURS)
    for _look in range(4):
        machine.pass_by(5)
        turn(app)
    machine.set(-hours * HOURS)
    for _look in range(10):
        machine.pass_by(5)
        turn(app)
    assert breaches(db_session) == 0
    told = [record.getMessage() for record in caplog.records if "jumped by" in record.getMessage()]
    assert told == [f"the clock of this machine jumped by {by:+.0f} s: deadlines are held for 30 s"
                    for by in (hours * HOURS, -hours * HOURS)]  # fmt: skip
    assert metrics.figures(db_session, clock.now()).clock_jumped_seconds is not None


def test_a_clock_that_stays_where_it_was_set_is_believed_after_one_cycle(
    app: Any, cast: Cast, db_session: Any, machine: Any
) -> None:
    push(cast)
    turn(app)
    machine.set(2 * HOURS)
    turn(app)
    machine.pass_by(jumps.HELD - 1)
    turn(app)
    assert breaches(db_session) == 0
    machine.pass_by(1)
    turn(app)
    assert breaches(db_session) == 2  # accept and first reply


def test_a_clock_that_is_drawn_to_the_right_time_holds_nothing_up(
    app: Any, cast: Cast, db_session: Any, machine: Any, caplog: Any
) -> None:
    push(cast)
    for _second in range(40):
        machine.pass_by(55)
        machine.set(1.5)
        turn(app)
    assert breaches(db_session) == 2 and "jumped" not in caplog.text


def test_a_time_that_a_file_steps_is_never_doubted(app: Any, machine: Any, monkeypatch: Any, database: Any) -> None:
    monkeypatch.setitem(app.config, "REPLAY_CLOCK_FILE", "somewhere")
    turn(app)
    machine.set(48 * HOURS)
    assert not schedule.watch.holds()
