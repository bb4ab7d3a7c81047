"""The portal's own figures after a replay, in the shape that `simulator.expected` compares.

The scorecards' counts come from the portal's own command; tickets, late flags and reminders are counted in the
database file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from launcher.settings import ROOT

COUNTS = {
    "tickets": "SELECT count(*) FROM ticket",
    "reminders": "SELECT count(*) FROM outbox WHERE kind = 'sms' AND state = 'sent'",
}
# every run that the portal has flagged as late, by platform order and clock
LATE = """
    SELECT platform_order.code, clock.kind, count(*)
    FROM clock JOIN platform_order ON platform_order.ticket_id = clock.ticket_id
    WHERE clock.kind IN ('first_reply', 'resolve') AND clock.state = 'breached' AND clock.breached_at = clock.due_at
    GROUP BY platform_order.code, clock.kind
"""


def scorecards() -> dict[str, Any]:
    """Every site's and month's counts: the last line of `flask scorecards facts --json`. Raises RuntimeError."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "scorecards", "facts", "--json"]
    told = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if told.returncode:
        raise RuntimeError(f"flask scorecards facts --json: {told.stderr}")
    found: dict[str, Any] = json.loads(told.stdout.strip().splitlines()[-1])
    return found


def counted(database: Path) -> dict[str, Any]:
    """Tickets, sent reminders and late flags in the database."""
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        found: dict[str, Any] = {name: int(connection.execute(sql).fetchone()[0]) for name, sql in COUNTS.items()}
        flags: dict[str, dict[str, int]] = {}
        for code, clock, late in connection.execute(LATE):
            flags.setdefault(code, {})[clock] = late
        return {**found, "flags": flags}
    finally:
        connection.close()


if __name__ == "__main__":
    figures = counted(Path(os.environ["DATA_DIR"]) / "kuaifu.sqlite3")
    print(json.dumps({**figures, "sites": scorecards()["sites"]}))
