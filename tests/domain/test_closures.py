"""Closures of sites and the groups of the shift hand-over."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.domain.closures import Days, faults
from app.domain.handover import group_of
from tests.cast import NOON

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 11, day) for day in (16, 17, 18, 19))


def test_both_ends_of_a_closure_are_closed_days():
    days = Days(TUESDAY, WEDNESDAY)
    assert [days.hold(day) for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY)] == [False, True, True, False]
    assert Days(TUESDAY).hold(date(2036, 1, 1))


@pytest.mark.parametrize(
    ("mine", "theirs", "meet"),
    [
        (Days(MONDAY, TUESDAY), Days(TUESDAY, WEDNESDAY), True),
        (Days(MONDAY, MONDAY), Days(TUESDAY, WEDNESDAY), False),
        (Days(MONDAY), Days(THURSDAY, THURSDAY), True),
        (Days(THURSDAY), Days(MONDAY, WEDNESDAY), False),
        (Days(MONDAY), Days(THURSDAY), True),
    ],
)
def test_two_closures_meet_when_they_share_a_day(mine: Days, theirs: Days, meet: bool):
    assert mine.meet(theirs) is meet and theirs.meet(mine) is meet


def test_a_closure_is_announced_before_it_begins_and_ends_after_it():
    assert faults(Days(MONDAY), TUESDAY, []) == {"from_day": "not_retroactive"}
    assert faults(Days(TUESDAY, MONDAY), MONDAY, []) == {"until_day": "ends_before_it_begins"}
    assert faults(Days(TUESDAY), MONDAY, [Days(THURSDAY)]) == {"from_day": "closed_already"}
    assert faults(Days(MONDAY, TUESDAY), MONDAY, [Days(WEDNESDAY)]) == {}


@pytest.mark.parametrize(
    ("what", "group"),
    [
        ({"overdue": True, "waiting": True}, "overdue"),
        ({"due_at": NOON - timedelta(seconds=1)}, "overdue"),
        ({"due_at": NOON}, "soon"),
        ({"due_at": NOON + timedelta(hours=4)}, "soon"),
        ({"due_at": NOON + timedelta(hours=4, seconds=1)}, "others"),
        ({"due_at": NOON + timedelta(hours=1), "waiting": True}, "waiting"),
        ({"due_at": NOON + timedelta(hours=1), "state": "replied"}, "waiting"),
        ({}, "others"),
    ],
)
def test_a_ticket_stands_in_one_group_of_the_hand_over(what: dict, group: str):
    facts = {"state": "in_progress", "overdue": False, "waiting": False, "due_at": None, **what}
    assert group_of(now=NOON, **facts) == group
