"""From when a superior may close a ticket in the site's place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain import endings

STARTED = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
DUE = STARTED + timedelta(hours=24)
FROM = DUE + timedelta(hours=4)
INSTANT = timedelta(microseconds=1)


def hindrance(now: datetime = FROM, **changes) -> str:
    facts = {"close_started": STARTED, "close_due": DUE, "urged_at": DUE, "help_open": False}
    return endings.hindrance(now, **facts | changes)


def test_it_is_possible_from_due_and_four_hours_that_instant_included() -> None:
    assert endings.intervention_from(DUE) == FROM
    assert (hindrance(FROM), hindrance(FROM - INSTANT)) == ("", "too_early")


@pytest.mark.parametrize(("urged_at", "code"), [(None, "not_urged"), (STARTED - INSTANT, "not_urged"), (STARTED, "")])
def test_an_urge_counts_from_the_start_of_the_close_clock(urged_at: datetime | None, code: str) -> None:
    assert hindrance(urged_at=urged_at) == code


def test_nobody_intervenes_while_help_is_asked_for_or_the_clock_has_not_begun() -> None:
    assert hindrance(help_open=True) == "help_open"
    assert hindrance(close_started=None, close_due=None) == "no_close_clock"
