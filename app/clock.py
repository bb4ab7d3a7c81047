"""The one place that reads the time. Floor 3 calls it; services and domain get `now` as an argument."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from flask import current_app


def now() -> datetime:
    """The present instant in UTC; in a replay instance the instant written in its clock file."""
    path = current_app.config.get("REPLAY_CLOCK_FILE")
    if not path:
        return datetime.now(UTC)
    return datetime.fromisoformat(Path(path).read_text().strip()).astimezone(UTC)
