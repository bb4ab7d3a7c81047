"""What the scheduler runs, and how often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import pytest
from flask import Flask

from app.config import Config
from app.jobs import schedule, sends
from app.services import penalties, reminders, sweep


def test_sweep_every_sets_the_pace_of_all_looks_for_due_work() -> None:
    pace = {job.name: job.every for job in schedule.schedule(Config().sweep_every)}
    known = {"sweep": 2, "reminders": 3, "relay": 5, "counters": 4, "reconcile": 3600, "heartbeat": 5}
    assert {name: pace[name] for name in known} == known
    quick = {job.name: job.every for job in schedule.schedule(0.5)}
    assert (quick["sweep"], quick["reminders"], quick["relay"], quick["reconcile"]) == (0.5, 0.75, 1.25, 3600)


def test_a_slow_pace_never_makes_the_scheduler_look_dead() -> None:
    assert {job.name: job.every for job in schedule.schedule(60)}["heartbeat"] == 5


def test_the_pace_comes_from_the_settings(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    known, asked, stop = app.extensions["kuaifu"], [], threading.Event()
    monkeypatch.setitem(app.extensions, "kuaifu", replace(known, sweep_every=7.0))
    job = schedule.Job("only", 0.0, stop.set)
    monkeypatch.setattr(schedule, "schedule", lambda look: asked.append(look) or (job,))
    schedule.run_forever(app, stop)
    assert asked == [7.0]


@pytest.mark.parametrize(("work", "job"), [(sweep, schedule.sweep_clocks), (penalties, schedule.keep_ledger)])
def test_much_to_catch_up_with_leaves_the_other_jobs_their_turn(
    database: object, app: Flask, monkeypatch: pytest.MonkeyPatch, work: ModuleType, job: Callable[[], int]
) -> None:
    steps = [3] * 1_000_000
    monkeypatch.setattr(schedule, "TURN", 0.05)
    monkeypatch.setattr(work, "run", lambda _session, _now: steps.pop())
    with app.app_context():
        done = job()
    assert 0 < done < 3_000_000


@pytest.mark.parametrize(("written", "rings"), [(0, 0), (2, 1)])
def test_reminders_that_were_written_ring_at_once(
    database: object, app: Flask, monkeypatch: pytest.MonkeyPatch, written: int, rings: int
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(reminders, "bundle", lambda _session, _now: written)
    monkeypatch.setattr(sends, "ring", lambda: rung.append(1))
    with app.app_context():
        assert schedule.bundle_reminders() == written
    assert len(rung) == rings
