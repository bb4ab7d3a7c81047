"""Who gets a new ticket by itself, and when an owner counts as gone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.calendars import SERVICE
from app.domain.ownership import Colleague, choose, gone_since


def at(text: str) -> datetime:
    """An instant of Shanghai."""
    return datetime.fromisoformat(f"2026-11-{text}:00+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("18T12:00", "18T11:30"),
        ("18T08:30", "18T08:00"),
        ("18T08:05", "17T19:35"),  # five minutes of this morning and 25 of last evening
        ("18T08:00", "17T19:30"),
        ("18T22:00", "18T19:30"),
        ("18T03:00", "17T19:30"),
    ],
)
def test_gone_is_who_was_not_seen_for_thirty_minutes_of_service(now: str, since: str) -> None:
    assert gone_since(SERVICE, at(now)) == at(since)


def test_the_least_loaded_who_knows_the_category_gets_the_ticket() -> None:
    team = [
        Colleague(1, frozenset({"LOST"}), 0), Colleague(2, frozenset(), 5), Colleague(3, frozenset({"LOCKER"}), 4),
    ]  # fmt: skip
    assert [choose(team, category) for category in ("LOCKER", "LOST", "DAMAGED")] == [3, 1, 2]


def test_of_equally_loaded_the_older_account_gets_it() -> None:
    assert choose([Colleague(9, load=2), Colleague(4, load=2)], "LOST") == 4


def test_the_first_owner_gets_it_whatever_the_load_and_skill_while_there() -> None:
    team = [Colleague(1, load=0), Colleague(2, frozenset({"LOST"}), 30)]
    assert choose(team, "LOCKER", first_owner_id=2) == 2
    assert choose(team, "LOCKER", first_owner_id=7) == 1


def test_nobody_who_fits_is_nobody() -> None:
    assert choose([], "LOST", 1) is None
    assert choose([Colleague(1, frozenset({"LOST"}))], "LOCKER") is None
