"""When an urge stands unanswered, and when the superior may urge again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain import urging

NOW = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
MIN = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("state", "urge_count", "urged_at", "result_at", "stands"),
    [
        ("open", 0, None, None, False),
        ("open", 1, None, None, True),
        ("in_progress", 2, None, None, True),
        ("in_progress", 2, None, NOW, False),  # rework: the customer's urges were answered by the first result
        ("in_progress", 0, NOW, NOW - MIN, True),  # the superior's came after it
        ("replied", 2, None, NOW, False),
        ("replied", 0, NOW, NOW - MIN, True),  # urged to close
        ("replied", 0, NOW - MIN, NOW, False),
        ("appealed", 2, NOW, None, False),
        ("closed", 2, NOW, None, False),
    ],
)
def test_an_urge_stands_until_it_is_answered(
    state: str, urge_count: int, urged_at: datetime | None, result_at: datetime | None, stands: bool
) -> None:
    assert urging.stands(state, urge_count=urge_count, urged_at=urged_at, result_at=result_at) is stands


def test_the_superior_urges_a_ticket_once_in_thirty_minutes() -> None:
    assert urging.possible_at(None, NOW) == NOW
    assert urging.possible_at(NOW - 29 * MIN, NOW) == NOW + MIN
    assert urging.possible_at(NOW - 30 * MIN, NOW) == NOW


def test_what_is_due_within_thirty_minutes_is_pressing() -> None:
    assert urging.pressing_until(NOW) == NOW + 30 * MIN
