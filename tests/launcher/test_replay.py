"""What a replay asks of the portal's logs and figures."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from launcher import replay, replay_facts
from launcher.settings import Settings


def test_only_lines_that_tell_of_an_error_count(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text(
        "INFO all well\nERRORS: 0 is not one\n2016 ERROR app: broken\nTraceback (most recent\n"
    )
    (tmp_path / "notes.txt").write_text("ERROR here is nobody's log\n")
    assert [line.split()[0] for line in replay.errors_in_logs(tmp_path)] == ["web.log:3", "web.log:4"]


def test_empty_months_are_left_out_and_names_are_the_expectations() -> None:
    row = dict.fromkeys(replay_facts.NAMES, 0) | {"code": "330106-01", "month": "2016-03"}
    assert replay_facts.renamed([row]) == []
    (found,) = replay_facts.renamed([row | {"results_decided": 2, "results_in_time": 1, "repeats": 5}])
    assert (found["site"], found["resolve_due"], found["resolve_in_time"]) == ("330106-01", 2, 1)
    assert "repeats" not in found


def test_tickets_and_sent_reminders_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "kuaifu.sqlite3"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE ticket (id)")
        made.execute("CREATE TABLE outbox (kind, state)")
        made.execute("INSERT INTO ticket VALUES (1), (2)")
        made.execute("INSERT INTO outbox VALUES ('sms', 'sent'), ('sms', 'failed'), ('callback', 'sent')")
    assert replay_facts.counted(file) == {"tickets": 2, "reminders": 1}


def test_the_replay_gets_the_portals_address_and_clock(tmp_path: Path) -> None:
    settings = Settings.from_env({"DATA_DIR": str(tmp_path), "PORT": "8300"})
    command = replay.replay_command(50, settings, tmp_path / "clock")
    assert command[command.index("--portal") + 1] == "http://127.0.0.1:8300"
    assert command[command.index("--listen") + 1] == "127.0.0.1:8301"
    assert command[command.index("--clock-file") + 1] == str(tmp_path / "clock")
