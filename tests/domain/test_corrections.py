"""A corrected category: its priority, and whether it eases a limit."""

from __future__ import annotations

import pytest

from app.domain import corrections as rule
from app.domain.clocks import Limit

DAY, HALF = {"resolve": Limit(1440, "always")}, {"resolve": Limit(720, "always")}


@pytest.mark.parametrize(
    ("new", "old", "priority", "otherwise", "expected"),
    [
        ("LOST", "OTHER", "high", False, "urgent"),
        ("OTHER", "LOST", "urgent", False, "high"),
        ("OTHER", "LOST", "urgent", True, "urgent"),
        ("OTHER", "DELAYED", "urgent", False, "urgent"),
        ("DAMAGED", "LOST", "urgent", False, "urgent"),
        ("OTHER", "DELAYED", "high", False, "high"),
    ],
)
def test_the_priority_follows_the_category(new, old, priority, otherwise, expected) -> None:
    assert rule.priority_after(new, old, priority, otherwise_urgent=otherwise) == expected


def test_more_time_another_calendar_or_no_limit_at_all_eases() -> None:
    assert rule.eases(HALF, DAY) and rule.eases(DAY, {}) and rule.eases(DAY, {"resolve": Limit(1440, "service")})
    assert not rule.eases(DAY, HALF) and not rule.eases(DAY, DAY) and not rule.eases({}, DAY)
