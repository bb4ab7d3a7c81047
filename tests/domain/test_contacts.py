"""Attempts to reach the complainant: three, two hours apart, in two parts of the day (rulebook 3.8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import contacts as rule
from app.domain.contacts import Attempt
from app.domain.reminders import quiet

DAY = datetime(2026, 11, 17, 16, 0, tzinfo=UTC)  # midnight in Shanghai
HOUR = timedelta(hours=1)
MINUTES = st.integers(0, 4 * 24 * 60)


def tried(*hours: float, outcome: str = "no_answer") -> list[Attempt]:
    """Attempts at these hours of the day in Shanghai."""
    return [Attempt(DAY + hour * HOUR, outcome) for hour in hours]


def enough(instants: list[datetime]) -> bool:
    """The sentence of the rulebook, tried on every three attempts."""
    return any(
        b - a >= 2 * HOUR and c - b >= 2 * HOUR and len({rule.day_part(x) for x in (a, b, c)}) >= 2
        for a, b, c in combinations(sorted(instants), 3)
    )


@pytest.mark.parametrize(
    ("hours", "left", "next_hour"),
    [
        ((), 3, 9),
        ((9,), 2, 11),
        ((9, 10.9), 2, 11),  # too soon: it does not count
        ((9, 11), 1, 13),
        ((8, 10), 1, 12),  # the third has to be in the afternoon
        ((12, 14, 16), 1, 18),  # three in one part of the day are not enough
        ((14, 16), 1, 18),
        ((9, 13, 15), 0, 0),
        ((9, 11, 13), 0, 0),
        ((16, 18, 20), 0, 0),
        ((18.5, 20.5), 1, 32),  # the night is left out: eight o'clock of the next day
    ],
)
def test_what_is_missing_is_counted_and_dated(hours, left, next_hour) -> None:
    found = rule.missing(tried(*hours), DAY + 9 * HOUR if not hours else DAY + hours[-1] * HOUR)
    assert (found.attempts, found.next_at) == (left, DAY + next_hour * HOUR) if left else found is None


@given(st.lists(MINUTES, max_size=8))
def test_enough_means_what_the_rulebook_says(minutes: list[int]) -> None:
    instants = [DAY + timedelta(minutes=m) for m in minutes]
    found = rule.missing([Attempt(at, "busy") for at in instants], DAY + timedelta(days=5))
    assert (found is None) == enough(instants)


@given(st.lists(MINUTES, max_size=6))
def test_who_calls_when_told_to_is_done_after_as_many_calls_as_were_told(minutes: list[int]) -> None:
    made = [Attempt(DAY + timedelta(minutes=m), "no_answer") for m in minutes]
    now = max((attempt.at for attempt in made), default=DAY)
    first = rule.missing(made, now)
    calls = 0
    while found := rule.missing(made, now):
        assert not quiet(found.next_at) and found.next_at >= now
        now, calls = found.next_at, calls + 1
        made.append(Attempt(now, "no_answer"))
        assert calls <= 3
    assert calls == (first.attempts if first else 0)


@pytest.mark.parametrize(
    ("hour", "part"), [(0, "morning"), (11.99, "morning"), (12, "afternoon"), (17.99, "afternoon"), (18, "evening"), (23.9, "evening")]
)  # fmt: skip
def test_the_parts_of_the_day(hour: float, part: str) -> None:
    assert rule.day_part(DAY + hour * HOUR) == part


def test_reached_is_whoever_was_spoken_to() -> None:
    assert rule.reached(tried(9, outcome="reached_denies")) and rule.reached(tried(9, outcome="reached_accepts"))
    assert not rule.reached(tried(9, outcome="not_the_person")) and not rule.reached([])
