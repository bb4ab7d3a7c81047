"""What is measured in a process of its own, as the scheduler and the worker do it; each on a fresh copy of the data."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from app import clock
from app.domain.history_toml import read
from app.domain.month_dates import freeze_from
from app.domain.roles import Actor
from app.extensions import db
from app.history_cli import CALM
from app.jobs import exports as export_jobs
from app.models import Clock, Export, User
from app.models.ids import new_id
from app.services import exports, history, month_freeze, sessions, sweep
from app.services.exports import OrderIn
from app.services.history import Import
from bench import raw_rows
from bench.data import portal
from bench.places import FOLDER, Place
from bench.result import Result
from bench.statements import Said, bare, counted, seconds
from launcher.settings import ROOT

LOG = ROOT / "data" / "incident_event_log.csv.gz"
MAPPING = ROOT / "data" / "mappings" / "incident_event_log.toml"
MOST_DUE, MOST_ROWS, MOST_EVENTS = 20_000, 100_000, 60_000


def own_work(place: Place) -> Iterator[Result]:
    """Sweep, month, export, import; what begins on an untouched copy each time is left out where there is none."""
    for work in (_sweeps, _month, _export, _import) if place.copied else (_idle_alone,):
        app = portal(place.copy("own"))
        with app.app_context(), app.test_request_context():
            yield from work(place, app)
            db.session.remove()
            db.engine.dispose()
    place.drop("own")


def _replayed(place: Place, said: list[Said]) -> float:
    """The statements alone, on a copy that has not seen them."""
    db.session.remove()
    db.engine.dispose()
    app = portal(place.copy("own"))
    with app.app_context():
        took = seconds(db.engine, said)
        db.engine.dispose()
    return took


def _sweeps(place: Place, _app: Flask) -> Iterator[Result]:
    yield _idle(place)
    due = select(Clock.next_stage_at).where(Clock.next_stage_at.is_not(None)).order_by(Clock.next_stage_at)
    times = [one for one in db.session().scalars(due.limit(MOST_DUE)) if one]
    db.session().rollback()
    wanted = min(MOST_DUE, max(200, len(times) // 2))
    now = times[min(wanted, len(times)) - 1]
    took, said = bare(lambda: _swept(now), db.engine)
    yield Result("sweep", place.size, place.engine, took, _replayed(place, said), "s", counted(said), 0, wanted)


def _swept(now: datetime) -> None:
    while sweep.run(db.session(), now):
        pass


def _idle_alone(place: Place, _app: Flask) -> Iterator[Result]:
    yield _idle(place)


def _idle(place: Place) -> Result:
    early = clock.now() - timedelta(days=100)
    sweep.run(db.session(), early)
    tries = [bare(lambda: sweep.run(db.session(), early), db.engine) for _ in range(5)]
    took, said = min(tries, key=lambda one: one[0])
    db.session().rollback()
    limit = min(seconds(db.engine, said) for _ in range(5))
    return Result("sweep_idle", place.size, place.engine, 1000 * took, 1000 * limit, "ms", counted(said), 0)


def _actor(account: str) -> Actor:
    user = db.session().scalars(select(User.id).where(User.account == account)).one()
    one = sessions.person(db.session(), user)
    db.session().rollback()
    return Actor(one.user_id, one.role, one.organisation_id, one.province_id, one.name)


def _month(place: Place, _app: Flask) -> Iterator[Result]:
    now = clock.now()
    month = f"{now.replace(day=1) - timedelta(days=1):%Y-%m}"
    at, actor = max(now, freeze_from(month)), _actor("ccs-manager")
    took, said = bare(lambda: month_freeze.freeze(actor=actor, month=month, now=at), db.engine)
    yield Result("month_close", place.size, place.engine, took, _replayed(place, said), "s", counted(said), 0)


def _export(place: Place, _app: Flask) -> Iterator[Result]:
    order = OrderIn("queue", "queue", {"queue": "all"}, "", "xlsx", "zh")
    row_id = exports.ask(actor=_actor("ccs"), order=order, key="", address="", now=clock.now())
    took, said = bare(lambda: export_jobs.run_one(row_id), db.engine)
    row = db.session().get_one(Export, row_id)
    rows, size = row.rows or 0, row.size or 0
    db.session().rollback()
    selects = [one for one in said if one[0].lstrip().startswith("SELECT")]
    limit = seconds(db.engine, selects) + raw_rows.sheet(FOLDER / "limit.xlsx", rows)
    yield Result("export", place.size, place.engine, took, limit, "s", counted(said), size)


def _import(place: Place, _app: Flask) -> Iterator[Result]:
    import gc

    events = min(MOST_EVENTS, 2 * place.size)
    source = _cut(FOLDER / "import.csv", events)
    rules, floor = read(MAPPING.read_text(encoding="utf-8")), new_id()
    gc.set_threshold(*CALM)
    run = Import(rules, clock.now(), lambda *_rejected: None)
    took, said = bare(lambda: history.import_file(source=source, run=run), db.engine)
    rows = raw_rows.made_since(db.engine, floor)
    n = run.summary.events
    db.session.remove()
    db.engine.dispose()
    app = portal(place.copy("own"))
    with app.app_context():
        limit = raw_rows.insert(db.engine, rows)
        db.engine.dispose()
    rates = (n / took, n / limit if limit else 0.0)
    yield Result("import", place.size, place.engine, *rates, "events/s", counted(said), source.stat().st_size)


def _cut(target: Path, events: int) -> Path:
    """The first events of a real service desk's log."""
    with gzip.open(LOG, "rt", encoding="utf-8-sig", newline="") as given, target.open("w", newline="") as out:
        lines, sheet = csv.reader(given), csv.writer(out)
        for n, line in enumerate(lines):
            if n > events:
                break
            sheet.writerow(line)
    return target
