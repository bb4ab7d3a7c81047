"""Taking back what was just sent: for a short while nothing of it leaves the house."""

from __future__ import annotations

from datetime import datetime, timedelta

SECONDS = 30  # (D) how long a result is held; the operator's setting UNDO_SECONDS overrides it, 0 holds nothing
LONGEST_SECONDS = 120  # a platform waits for its answer


def may_undo(*, author_id: int, actor_id: int | None, until: datetime, now: datetime) -> str:
    """Why a result may not be taken back any more; empty where it may: by its author alone, before `until` (UTC)."""
    if author_id != actor_id:
        return "not_allowed"
    return "undo_over" if now >= until else ""


def hold(seconds: int) -> timedelta:
    """For how long results are held. Raises ValueError outside of 0 to LONGEST_SECONDS."""
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"between 0 and {LONGEST_SECONDS} seconds")
    return timedelta(seconds=seconds)
