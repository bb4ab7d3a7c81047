"""An error in the portal's logs is explained by a fault of its kind at its time, and by nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chaos.portal_logs import unexplained

LOCKED = datetime(2026, 3, 10, 4, tzinfo=UTC)
FAULTS = [
    {"what": "begin", "kind": "database locked", "target": "database", "at": LOCKED.timestamp()},
    {"what": "end", "kind": "database locked", "target": "database", "at": LOCKED.timestamp() + 4},
]


@pytest.mark.parametrize(
    ("seconds", "words", "wrong"),
    [
        (3, "ERROR app: database: OperationalError (OperationalError)", 0),
        (3, "ERROR app: KeyError", 1),
        (3, "ERROR app: database: OperationalError (DeadlockDetected)", 1),
        (300, "ERROR app: database: OperationalError (OperationalError)", 1),
        (-60, "ERROR app: database: OperationalError (OperationalError)", 1),
        (3, "WARNING worker: redis is away", 0),
    ],
)
def test_an_error_needs_a_fault_of_its_kind_at_its_time(tmp_path, seconds, words, wrong):
    at = (LOCKED + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    (tmp_path / "web-1.log").write_text(f"{at} INFO gunicorn.error: Booting worker\n{at} {words}\n")
    total, found = unexplained(tmp_path, FAULTS)
    assert (total, len(found)) == (int("ERROR" in words), wrong)


@pytest.mark.parametrize(("kind", "wrong"), [("disk full", 0), ("database locked", 1)])
def test_a_line_that_had_no_room_on_the_disk_has_the_next_one_glued_to_it(tmp_path, kind, wrong):
    stamp = LOCKED.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    glued = f"{stamp} ERROR request: faile[{LOCKED:%Y-%m-%d %H:%M:%S} +0000] [7] [INFO] Handling signal: term\n"
    (tmp_path / "web-1.log").write_text(glued)
    assert len(unexplained(tmp_path, [one | {"kind": kind} for one in FAULTS])[1]) == wrong


def test_a_traceback_that_escaped_is_never_explained(tmp_path):
    stamp = LOCKED.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    (tmp_path / "worker-1.log").write_text(f"{stamp} INFO worker: up\nTraceback (most recent call last):\n")
    assert len(unexplained(tmp_path, FAULTS)[1]) == 1


@pytest.mark.parametrize(
    ("kind", "seconds", "error", "wrong"),
    [
        ("redis wiped", 45, "InvalidJobOperation", 0),
        ("redis killed", 45, "InvalidJobOperation", 0),
        ("redis wiped", 60, "InvalidJobOperation", 1),
        ("redis wiped", 45, "KeyError", 1),
        ("database locked", 30, "InvalidJobOperation", 1),
    ],
)
def test_a_long_job_that_the_queue_forgot_meanwhile_is_explained_by_who_made_it_forget(
    tmp_path, kind, seconds, error, wrong
):
    stamp = (LOCKED + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    line = f"{stamp} ERROR rq.worker: Worker a: job b: exception raised while executing (app.jobs.sends.drain)"
    (tmp_path / "worker-1.log").write_text(f"{line} error={error}\n")
    assert len(unexplained(tmp_path, [one | {"kind": kind} for one in FAULTS])[1]) == wrong


@pytest.mark.parametrize(("raised", "wrong"), [("redis.exceptions.TimeoutError: timed out", 0), ("KeyError: 'x'", 1)])
def test_a_traceback_is_judged_by_what_was_raised(tmp_path, raised, wrong):
    cut = [{**line, "kind": "redis master cut"} for line in FAULTS]
    stamp = LOCKED.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    trace = f'Traceback (most recent call last):\n  File "a.py", line 1, in run\n    raise error\n{raised}\n\n'
    (tmp_path / "worker-1.log").write_text(f"{stamp} WARNING rq.worker: pubsub thread exiting\n{trace}")
    total, found = unexplained(tmp_path, cut)
    assert (total, len(found)) == (1, wrong)
