"""Median and 90th percentile of sites, provinces and the network are those of the sorted list, whatever the times."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.scoring import median, percentile
from app.models import Ticket
from app.models.ids import new_id
from app.services import scorecard_spread
from app.services.scorecard_facts import Span
from app.services.scorecard_spread import EVERYBODY, STEP
from app.services.transaction import write
from tests.cast import NOON, Cast

SITES = {"330106-01": "33", "330108-01": "33", "440305-01": "44"}
SPAN = Span.of("2026-11", NOON + timedelta(days=30))
AT = datetime.fromisoformat("2026-11-05T02:00:00+00:00")


def taken(cast: Cast, times: dict[str, list[int]], state: str = "closed") -> None:
    """Tickets of these sites that took so many seconds."""
    with write() as session:
        for code, seconds in times.items():
            for one in seconds:
                session.add(Ticket(
                    id=(key := new_id()), number=f"KF{key}", category="LOST", priority="high", channel="platform",
                    policy_version=1, state=state, handling_site_id=cast.places[code], opened_at=AT, received_at=AT,
                    activity_at=AT, result_at=AT + timedelta(seconds=one),
                ))  # fmt: skip


def both(values: list[int]) -> tuple[int | None, int | None]:
    return median(values), percentile(values, 90)


@pytest.mark.parametrize("seed", range(4))
def test_the_figures_are_those_of_the_sorted_list(cast: Cast, db_session: Any, seed: int) -> None:
    dice = random.Random(seed)
    most = (3 * STEP, 90, 40 * STEP, 2)[seed]
    times = {code: [dice.randrange(most) for _ in range(dice.randrange(1, 40))] for code in SITES}
    taken(cast, times)
    taken(cast, {"330106-01": [10**6] * 50}, state="withdrawn")
    sites = scorecard_spread.handling(db_session, SPAN)
    assert sites == {cast.places[code]: both(own) for code, own in times.items()}
    above = scorecard_spread.handling_above(db_session, SPAN)
    wanted = {
        cast.places[province]: both([n for code, own in times.items() if SITES[code] == province for n in own])
        for province in ("33", "44")
    }
    assert above == wanted | {EVERYBODY: both([n for own in times.values() for n in own])}


def test_a_month_without_a_result_has_no_figure(cast: Cast, db_session: Any) -> None:
    assert scorecard_spread.handling(db_session, SPAN) == {}
    assert scorecard_spread.handling_above(db_session, SPAN) == {}
