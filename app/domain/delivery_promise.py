"""Whether a parcel was inside its delivery promise (时效) when somebody asked about it (rulebook 2, expedite)."""

from __future__ import annotations

from datetime import datetime

from app.domain.clocks import Calendars, Limit, due_at

INSIDE, OUTSIDE, UNKNOWN = "inside", "outside", ""


def promised_by(
    named: datetime | None, began: datetime | None, limit: Limit, calendars: Calendars
) -> datetime | None:  # fmt: skip
    """When the parcel is promised (UTC): the instant that whoever asks names, else the limit from its beginning, which
    is its collection or, of an order that waits for that, the order. None where neither is known."""
    if named is not None or began is None:
        return named
    return due_at(limit, began, calendars)


def judged(promise: datetime | None, done_at: datetime | None, asked_at: datetime) -> str:
    """INSIDE when the parcel had not missed its promise at `asked_at`: its last instant is inside. What was done before
    that (`done_at`, signed for or collected) is judged by when it was done. UNKNOWN without a promise."""
    if promise is None:
        return UNKNOWN
    at = asked_at if done_at is None else min(done_at, asked_at)
    return INSIDE if at <= promise else OUTSIDE
