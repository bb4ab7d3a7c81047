"""A sale day on paper keeps its books, is the same every time, and never punishes whoever adds people or machines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capacity.costs import Cost
from capacity.day import STEPS, by_step
from capacity.simulate import SaleDay, first_full
from capacity.wishes import Wish

pytestmark = pytest.mark.thorough

COSTS = {
    "push": Cost(100, 80), "reply": Cost(20, 15), "queue_page": Cost(9, 3), "ticket_page": Cost(9, 3),
    "poll": Cost(1, 0.5), "send": Cost(12, 4), "sweep": Cost(8, 6),
}  # fmt: skip
WISH = Wish(daily=3_000, hours=48, sites=60, staff=60, per_hour=12, online=100, web=1, worker=1, database=1)


def day(**changes):
    return list(SaleDay(replace(WISH, **changes), COSTS).hours())


@pytest.mark.parametrize("changes", [{}, {"staff": 8}, {"staff": 0}, {"daily": 300_000, "sites": 9}])
def test_whoever_came_was_answered_or_lies_at_a_site_or_at_the_door(changes):
    came = answered = 0
    for hour in day(**changes):
        came, answered = came + hour.came, answered + hour.answered
        assert came == answered + hour.at_sites + hour.at_door
    assert came == sum(by_step(replace(WISH, **changes)))


def test_a_day_has_as_many_tickets_as_it_was_wished_for():
    came = by_step(replace(WISH, daily=1_001, peak=2.5))
    assert (sum(came[: 24 * STEPS]), sum(came[24 * STEPS :])) == (2_502, 1_001)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_more_staff_nothing_becomes_late_that_was_in_time(seed):
    before = None
    for staff in (0, 5, 12, 20, 21, 40, 80, 400):
        late = [(hour.late_first, hour.late_result) for hour in day(staff=staff, seed=seed, due=16)]
        so_far = [[sum(column[: n + 1]) for n in range(len(late))] for column in zip(*late, strict=True)]
        if before is not None:
            assert all(
                now <= then
                for line, old in zip(so_far, before, strict=True)
                for now, then in zip(line, old, strict=True)
            )
        before = so_far
    assert before[1][-1] == 0  # everybody was answered within the limit in the end


def test_with_more_machines_nothing_waits_longer_at_the_door():
    small, big = day(daily=900_000, sites=9), day(daily=900_000, sites=9, web=3, database=3)
    assert max(hour.at_door for hour in small) > 0
    assert all(more.at_door <= few.at_door for more, few in zip(big, small, strict=True))
    assert sum(hour.late_first for hour in big) <= sum(hour.late_first for hour in small)


def test_what_fits_is_stored_at_once():
    assert all(hour.at_door == 0 for hour in day())


def test_the_same_wish_gives_the_same_hours_and_another_seed_others():
    assert day() == day()
    assert [hour.at_sites for hour in day(staff=12)] != [hour.at_sites for hour in day(staff=12, seed=2)]


def test_nobody_answers_at_night_and_the_clock_of_the_first_reply_stands_still():
    hours = day(staff=0)
    assert all(hour.answered == 0 for hour in hours)
    assert [hour.late_first for hour in hours[:8]] == [0] * 8  # what came at night has until 08:30
    assert hours[8].late_first >= sum(hour.came for hour in hours[:8])
    assert all(hour.answered == 0 for hour in day()[20:24])


def test_without_staff_each_result_is_late_exactly_once():
    came = by_step(WISH)
    assert sum(hour.late_result for hour in day(staff=0, due=3)) == sum(came[: len(came) - 3 * STEPS + 1])


def test_the_part_that_is_full_first_is_named_with_its_hour():
    assert first_full(day(daily=200_000, sites=9)).startswith("first bottleneck: ")
    assert first_full(day()).startswith("no part is full; the tightest is ")
    slow = {**COSTS, "send": Cost(40_000, 1)}
    assert first_full(list(SaleDay(WISH, slow).hours())).startswith("first bottleneck: worker, full at 08:00")


def test_what_workers_cannot_send_waits_and_leaves_later():
    slow = {**COSTS, "send": Cost(9_000, 1)}
    hours = list(SaleDay(WISH, slow).hours())
    assert max(hour.to_send for hour in hours) > 0
    assert hours[-1].to_send < max(hour.to_send for hour in hours)
