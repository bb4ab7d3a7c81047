"""The four bands of the clerk's day, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain import bands

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
MIDNIGHT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("due", "band"),
    [
        (NOON - SECOND, "late"), (NOON, "late"), (NOON + SECOND, "soon"), (NOON + timedelta(minutes=30), "soon"),
        (NOON + timedelta(minutes=30) + SECOND, "today"), (MIDNIGHT, "today"), (MIDNIGHT + SECOND, "later"),
        (None, "later"),
    ],
)  # fmt: skip
def test_a_due_lies_in_the_band_that_ends_with_or_after_it(due: datetime | None, band: str) -> None:
    assert bands.band_of(due, NOON) == band


def test_shortly_before_midnight_the_half_hour_reaches_into_the_next_day() -> None:
    now = MIDNIGHT - timedelta(minutes=10)
    assert bands.band_of(MIDNIGHT + timedelta(minutes=15), now) == "soon"
    assert bands.band_of(MIDNIGHT + timedelta(minutes=21), now) == "later"
