"""The one list of what runs by itself, and the loop that runs it. It needs the database only, never Redis."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app
from sqlalchemy import func, select

from app import clock
from app.extensions import db
from app.jobs import archive, exports, fetches, gateways, jumps, polls, sends
from app.models import Outbox
from app.services import (
    attendance,
    audit_draws,
    closure_work,
    day_facts,
    drafts,
    emergency_pauses,
    exemption_rulings,
    health,
    inflow,
    month_plan,
    notices,
    page_drafts,
    penalties,
    penalty_contests,
    penalty_settling,
    pins,
    recounts,
    rectification_work,
    reminders,
    seals,
    silent_sites,
    sms_fallback,
    standings,
    survey_work,
    sweep,
    traces,
    undo,
)
from app.services.transaction import write

log = logging.getLogger(__name__)
STANDINGS = "standings"
TURN = 5.0  # seconds that a sweep may take before the others have theirs
HEARTBEAT = "heartbeat"
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.25  # seconds between two looks at the list


watch = jumps.Watch()


@dataclass(frozen=True)
class Job:
    """A named piece of work and the seconds between two runs."""

    name: str
    every: float
    run: Callable[[], object]


def sweep_clocks() -> int:
    """Advance due clocks until none is left; deadlines do not depend on the queue."""
    return _a_while(lambda: sweep.run(db.session(), clock.now()))


def _a_while(step: Callable[[], int]) -> int:
    """Step until nothing is left, for some seconds at most: after a long stop there is much to catch up with, and
    reminders, counters and the heartbeat have their turn in between. The sum of what the steps did."""
    total, until = 0, time.monotonic() + TURN
    while not watch.holds() and (n := step()) > 0:
        total += n
        if time.monotonic() >= until:
            break
    return total


def bundle_reminders() -> int:
    """Write the SMS that may go out now, and ring for them."""
    written = reminders.bundle(db.session(), clock.now())
    if written:
        sends.ring()
    return written


def pass_on() -> int:
    """Settle the SMS that did not arrive."""
    return sms_fallback.run(db.session(), clock.now())


def exempt() -> int:
    """Mark the clocks of decided exemptions where that is not done yet."""
    return exemption_rulings.run(clock.now())


def emergencies() -> int:
    """Let the site clocks of emergencies stand still and run on."""
    return emergency_pauses.run(db.session(), clock.now())


def relay() -> None:
    """Ring for rows whose try has come: what the bell missed is found here."""
    due = select(func.count()).where(Outbox.next_try_at <= clock.now())
    waiting = db.session.scalar(due)
    db.session.rollback()
    if waiting:
        sends.ring()


def stand_in_for_closed() -> None:
    """Hand the open tickets of closed sites to their deputies, once a closure and day, and back afterwards."""
    closure_work.run(db.session(), clock.now())


def recount() -> None:
    """Refresh the counters of provinces and headquarters."""
    with write() as session:
        recounts.recount(session)


def reconcile() -> None:
    """Recount every scope from its work items; forget the hours and days that no page shows."""
    with write() as session:
        recounts.recount(session, sites=True)
    inflow.forget(clock.now())
    day_facts.forget(clock.now())


def old_drafts() -> int:
    """Delete the drafts that nobody came back to, what can be taken back no more, and old questions for traces."""
    return sum(forget(clock.now()) for forget in (drafts.sweep, page_drafts.sweep, undo.sweep, traces.sweep))


def old_browsers() -> int:
    """Forget the browsers in which nobody signed in for a day."""
    return pins.sweep(clock.now())


def return_to_team() -> int:
    """Give back what people own who are not there any more."""
    return attendance.sweep(db.session(), clock.now())


def rank_sites() -> None:
    """Renew where each site stands in the month. Beside the loop: of millions of tickets that takes longer than a
    deadline may wait. One at a time."""
    if not any(one.name == STANDINGS and one.is_alive() for one in threading.enumerate()):
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        threading.Thread(target=_beside, args=(app,), name=STANDINGS, daemon=True).start()


def _beside(app: Flask) -> None:
    with app.app_context():
        try:
            standings.renew(clock.now())
        except Exception:
            log.exception("schedule: %s failed", STANDINGS)
        finally:
            db.session.remove()


def silent() -> int:
    """Raise the alarm over sites with new tickets and nobody there."""
    return silent_sites.watch(db.session(), clock.now())


def draw_audits() -> int:
    """Draw what is audited today, once a day."""
    return audit_draws.run(db.session(), clock.now())


def remind_of_ratings() -> int:
    """Remind once of the questions that nobody answered."""
    return survey_work.run(db.session(), clock.now())


def seal() -> int:
    """Seal the events of the last minute."""
    return seals.run(clock.now())


def keep_ledger() -> int:
    """Look at tickets in which something happened that may cost a penalty, until none is left."""
    return _a_while(lambda: penalties.run(db.session(), clock.now()))


def lapse_contests() -> int:
    """What nobody decided in time is not charged; what a freeze did not see goes to the open month."""
    penalty_settling.carry_left_over(clock.now())
    return penalty_contests.lapse(db.session(), clock.now())


def draft_month() -> str:
    """From the 1st at 02:00 on the month before has its drafts."""
    return month_plan.draft(clock.now())


def count_days() -> int:
    """Count days for the analysis pages, for about a second at most, so that nothing else waits."""
    end, n = time.monotonic() + 1, 0
    while time.monotonic() < end and day_facts.count(db.session(), clock.now()) is not None:
        n += 1
    return n


def rectify() -> int:
    """Ask for rectification forms after a freeze, and remind of those that are due."""
    return rectification_work.run(db.session(), clock.now())


def forget_notices() -> int:
    """Delete notices whose days are over."""
    return notices.prune(now=clock.now())


def schedule(look: float) -> tuple[Job, ...]:
    """All jobs, when due work is looked for every `look` seconds (SWEEP_EVERY).

    The heartbeat never slows down: after 30 s without one the scheduler counts as gone.
    """
    return (
        Job("sweep", look, sweep_clocks),
        Job("reminders", 1.5 * look, bundle_reminders),
        Job("undelivered", 2 * look, pass_on),
        Job("exemptions", 5 * look, exempt),
        Job("emergencies", 2 * look, emergencies),
        Job("relay", 2.5 * look, relay),
        Job("exports", 5 * look, exports.relay),
        Job("old exports", 300, exports.sweep),
        Job("counters", 2 * look, recount),
        Job("reconcile", 3600, reconcile),
        Job("attendance", 60, return_to_team),
        Job("old notices", 3600, forget_notices),
        Job("silent sites", 60, silent),
        Job(STANDINGS, 900, rank_sites),
        Job("pictures", look, fetches.begin),
        Job("polls", look, polls.begin),
        Job("old drafts", 600, old_drafts),
        Job("old browsers", 3600, old_browsers),
        Job("unposted pictures", 600, fetches.sweep_unposted),
        Job("retention", 600, fetches.clear),
        Job("archive", 10, archive.nightly),
        Job("months of events", 3600, archive.months_ahead),
        Job("receipts", gateways.PULL_EVERY, gateways.begin_pull),
        Job("closures", 60, stand_in_for_closed),
        Job("audits", 60, draw_audits),
        Job("surveys", 60, remind_of_ratings),
        Job("seal", 60, seal),
        Job("penalties", 5 * look, keep_ledger),
        Job("penalty contests", 30, lapse_contests),
        Job("month drafts", 300, draft_month),
        Job("rectifications", 60, rectify),
        Job("day facts", 20, count_days),
        Job(HEARTBEAT, min(5, 2.5 * look), lambda: health.beat(process="scheduler", now=clock.now())),
    )


def run_forever(app: Flask, stop: threading.Event | None = None) -> None:
    """Run the schedule until a signal; a job that raises is reported and tried again at its next turn.

    While the clock of the machine is doubted (`jumps`) the scheduler only says that it lives.
    """
    watch.on = watch.on and not app.config.get("REPLAY_CLOCK_FILE")
    watch.told = lambda _seconds: health.beat(process=health.CLOCK_JUMPED, now=clock.now())
    stop = stop or _stopped_by_signal()
    jobs = schedule(app.extensions["kuaifu"].sweep_every)
    turns = {job.name: 0.0 for job in jobs}
    pause = min(LONGEST_PAUSE, max(SHORTEST_PAUSE, jobs[0].every))
    while not stop.is_set():
        with app.app_context():
            for job in jobs:
                due = time.monotonic() >= turns[job.name] and not stop.is_set()
                if due and (job.name == HEARTBEAT or not watch.holds()):
                    turns[job.name] = time.monotonic() + job.every
                    _run(job)
        stop.wait(pause)


def _run(job: Job) -> None:
    try:
        job.run()
    except Exception:
        log.exception("schedule: %s failed", job.name)
    finally:
        db.session.remove()


def _stopped_by_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
