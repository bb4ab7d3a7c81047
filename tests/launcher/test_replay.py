"""What a replay asks of the portal's logs and figures."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from app.config import Config
from launcher import replay, replay_facts
from launcher.settings import Settings


def test_only_lines_that_tell_of_an_error_count(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text(
        "INFO all well\nERRORS: 0 is not one\n2016 ERROR app: broken\nTraceback (most recent\n"
    )
    (tmp_path / "notes.txt").write_text("ERROR here is nobody's log\n")
    assert [line.split()[0] for line in replay.errors_in_logs(tmp_path)] == ["web.log:3", "web.log:4"]


def test_tickets_sent_reminders_and_late_flags_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "kuaifu.sqlite3"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE ticket (id)")
        made.execute("CREATE TABLE outbox (kind, state)")
        made.execute("CREATE TABLE platform_order (code, ticket_id)")
        made.execute("CREATE TABLE clock (ticket_id, kind, state, due_at, breached_at)")
        made.execute("INSERT INTO ticket VALUES (1), (2)")
        made.execute("INSERT INTO outbox VALUES ('sms', 'sent'), ('sms', 'failed'), ('callback', 'sent')")
        made.execute("INSERT INTO platform_order VALUES ('RP1', 1), ('RP2', 2)")
        made.execute("""INSERT INTO clock VALUES
            (1, 'first_reply', 'breached', 'at 9', 'at 9'), (1, 'resolve', 'met', 'at 9', NULL),
            (2, 'resolve', 'breached', 'at 9', 'at 9'), (2, 'resolve', 'breached', 'at 10', 'at 10'),
            (2, 'close', 'breached', 'at 9', 'at 9'), (2, 'first_reply', 'void', 'at 9', NULL)""")
    flags = {"RP1": {"first_reply": 1}, "RP2": {"resolve": 2}}
    assert replay_facts.counted(file) == {"tickets": 2, "reminders": 1, "flags": flags}


def test_each_group_gets_a_site_of_its_own_from_all_over_the_country() -> None:
    codes = [f"{province}01{county:02}-01" for province in range(10, 60) for county in range(12)]
    chosen = replay.chosen_sites(codes)
    assert len(set(chosen)) == replay.SITES
    assert {code[:2] for code in chosen} == {code[:2] for code in codes}
    assert replay.chosen_sites(codes[:3]) == codes[:3]


def test_the_replay_gets_the_portals_address_and_clock(tmp_path: Path) -> None:
    settings = Settings.from_env({"DATA_DIR": str(tmp_path), "PORT": "8300"})
    command = replay.replay_command(50, settings, tmp_path / "clock")
    assert command[command.index("--portal") + 1] == "http://127.0.0.1:8300"
    assert command[command.index("--listen") + 1] == "127.0.0.1:8301"
    assert command[command.index("--clock-file") + 1] == str(tmp_path / "clock")


def test_sessions_of_a_replay_outlast_the_log() -> None:
    settings = Config.from_env({**replay.SETTINGS, "KUAIFU_ENV": "test"})
    assert settings.idle_minutes > 60 * 24 * 366 * 2 and settings.absolute_hours > 24 * 366 * 2
