"""The portal's own figures after a replay, in the shape that `simulator.expected` compares.

The scorecards' counts come from the portal's command line; tickets and reminders are counted in the database file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from launcher.settings import ROOT

# name on our scorecard -> name in the expectation
NAMES = {
    "code": "site",
    "month": "month",
    "tickets": "tickets",
    "first_replies_decided": "first_reply_due",
    "first_replies_in_time": "first_reply_in_time",
    "results_decided": "resolve_due",
    "results_in_time": "resolve_in_time",
}


def scorecards() -> list[dict[str, Any]]:
    """Every site's and month's counts as the scorecards have them."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "scorecards", "facts", "--json"]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows: list[dict[str, Any]] = json.loads(told.strip().splitlines()[-1])
    return rows


def renamed(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows in the words of the expectation, without months in which nothing counted."""
    found = [{theirs: row[ours] for ours, theirs in NAMES.items()} for row in rows]
    return [row for row in found if any(value for name, value in row.items() if name not in ("site", "month"))]


def counted(database: Path) -> dict[str, int]:
    """Tickets and sent reminders in the database."""
    questions = {
        "tickets": "SELECT count(*) FROM ticket",
        "reminders": "SELECT count(*) FROM outbox WHERE kind = 'sms' AND state = 'sent'",
    }
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        return {name: int(connection.execute(sql).fetchone()[0]) for name, sql in questions.items()}
    finally:
        connection.close()


if __name__ == "__main__":
    figures = counted(Path(os.environ["DATA_DIR"]) / "kuaifu.sqlite3")
    print(json.dumps({**figures, "sites": renamed(scorecards())}))
