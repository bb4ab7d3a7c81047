"""GET /metrics: figures that are right, for nobody from outside, and alert rules that ask for figures that exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from app import clock
from app.models import Outbox
from app.models.ids import new_id
from app.services import health, metrics
from tests.cast import NOON, assemble, push

# Ages and counts come from instants that each engine reckons with in its own way.
pytestmark = pytest.mark.both_engines

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def now(monkeypatch) -> list:
    instant = [NOON]
    monkeypatch.setattr(clock, "now", lambda: instant[0])
    return instant


@pytest.fixture
def settings(app):
    """Settings for one test."""
    known = app.extensions["kuaifu"]
    yield lambda **more: app.extensions.update(kuaifu=replace(known, **more))
    app.extensions["kuaifu"] = known


def read(client: Any, **how: Any) -> dict[tuple[str, tuple], float]:
    answer = client.get("/metrics", **how)
    assert answer.status_code == 200 and answer.content_type.startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def row(session: Any, kind: str, state: str, age: timedelta, waits: bool) -> None:
    session.add(
        Outbox(id=new_id(), kind=kind, key=f"{kind}{new_id()}", lane="x", payload={}, state=state,
               created_at=NOON - age, next_try_at=NOON if waits else None)
    )  # fmt: skip


def test_the_outbox_is_told_by_kind_and_its_age_is_that_of_the_oldest_row_that_waits(client, db_session):
    row(db_session, "sms", "pending", timedelta(minutes=9), True)
    row(db_session, "sms", "unknown", timedelta(minutes=30), True)
    row(db_session, "callback", "pending", timedelta(seconds=5), True)
    row(db_session, "callback", "sent", timedelta(hours=9), False)
    db_session.commit()
    found = read(client)
    assert found["kuaifu_outbox_rows", (("kind", "sms"), ("state", "pending"))] == 1
    assert found["kuaifu_outbox_oldest_seconds", (("kind", "sms"),)] == 1800
    assert found["kuaifu_outbox_oldest_seconds", (("kind", "callback"),)] == 5
    assert found["kuaifu_outbox_oldest_seconds", (("kind", "robot"),)] == 0


def test_outcomes_of_sms_count_the_last_hour(client, db_session, now):
    from datetime import UTC, datetime

    now[0] = datetime.now(UTC)  # ids follow the machine's clock
    for state in ("sent", "sent", "failed"):
        row(db_session, "sms", state, timedelta(0), False)
    db_session.commit()
    assert read(client)["kuaifu_sms_last_hour", (("outcome", "sent"),)] == 2
    now[0] += timedelta(minutes=61)
    found = read(client)
    assert found["kuaifu_sms_last_hour", (("outcome", "sent"),)] == 0
    assert found["kuaifu_outbox_failed_day", (("kind", "sms"),)] == 1


def test_a_clock_that_nobody_swept_shows_as_lag(client, database, now):
    push(assemble())
    assert read(client)["kuaifu_clocks_due", ()] == 0
    now[0] += timedelta(days=3)
    found = read(client)
    assert found["kuaifu_clocks_due", ()] > 0 and found["kuaifu_sweep_lag_seconds", ()] > 3600
    assert found["kuaifu_tickets_open", ()] == 1


def test_a_process_that_fell_silent_shows_for_how_long(client, database, now):
    health.beat(process="scheduler", now=NOON)
    now[0] += timedelta(seconds=75)
    assert read(client)["kuaifu_process_silent_seconds", (("process", "scheduler"),)] == 75


def test_request_times_are_counted_by_view_and_never_by_address(client, database):
    client.get("/tickets/KF261118-000001?q=13812345678")
    answer = client.get("/metrics")
    assert 'kuaifu_request_seconds_count{status="3xx",view="tickets.show"}' in answer.text or "tickets." in answer.text
    assert "KF261118" not in answer.text and "13812345678" not in answer.text


def test_a_database_that_is_away_is_a_figure_and_no_error(client, database, monkeypatch):
    def broken(*_: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(metrics, "figures", broken)
    found = read(client)
    assert found["kuaifu_database_up", ()] == 0 and ("kuaifu_queue_length", (("queue", "sends"),)) in found


def test_nobody_from_outside_reads_them(client, database, settings):
    outside = {"REMOTE_ADDR": "10.0.0.7"}
    assert client.get("/metrics", environ_base=outside).status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.7"}).status_code == 404
    settings(metrics_token="a-token-of-the-monitoring")
    assert client.get("/metrics").status_code == 404
    for wrong in ("Bearer", "Bearer a-token", "a-token-of-the-monitoring", "Bearer ä"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 404
    read(client, headers={"Authorization": "Bearer a-token-of-the-monitoring"}, environ_base=outside)


def test_every_alert_asks_for_a_figure_that_is_told_and_says_what_to_do(client, database):
    for process in ("scheduler", health.CLOCK_JUMPED):
        health.beat(process=process, now=NOON)
    rules = (ROOT / "deploy" / "alerts.yml").read_text()
    told = {name for name, _labels in read(client)} | {"kuaifu_outbox_rows"}
    asked = {name for line in rules.splitlines() if "expr:" in line for name in re.findall(r"\bkuaifu_[a-z_]+", line)}
    assert asked and asked <= told
    assert rules.count("- alert:") == rules.count("expr:") == rules.count(" do: ") == rules.count("summary:")


@pytest.mark.thorough
@pytest.mark.engine_free  # the processes add up files, and ask no database
def test_two_web_processes_add_up(tmp_path, client, database):
    """Each process writes beside the other; whoever is asked tells the sum."""
    script = (
        "import os, sys\n"
        "from app.config import Config\nfrom app.start import begin\n"
        "from pathlib import Path\n"
        "begin(Config.for_tests('sqlite://', data_dir=Path(sys.argv[1])), web=True)\n"
        "from app.web import metrics\n"
        "for _ in range(3): metrics.SECONDS.labels('v', '2xx').observe(0.2)\n"
        "from prometheus_client import CollectorRegistry, generate_latest\n"
        "registry = CollectorRegistry(); metrics.MultiProcessCollector(registry)\n"
        "print(generate_latest(registry).decode()); print('THE END')\n"
        "sys.stdout.flush(); sys.stdin.readline()\n"
    )
    told = []
    env = {key: value for key, value in os.environ.items() if key != "PROMETHEUS_MULTIPROC_DIR"}
    running = []
    for _ in range(2):
        one = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, env=env, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        running.append(one)
        lines = []
        while not (lines and "THE END" in lines[-1]):
            lines.append(one.stdout.readline())
            assert lines[-1]
        told.append("".join(lines))
    for one in running:
        one.communicate("\n", timeout=20)
    assert 'kuaifu_request_seconds_count{status="2xx",view="v"} 3.0' in told[0]
    assert 'kuaifu_request_seconds_count{status="2xx",view="v"} 6.0' in told[1]
