"""When a rectification form is asked for, until when, and when it is a recurrence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain import rectifications as rule
from app.domain.rectifications import Ground, Month, Policy
from app.domain.roles import Actor

POLICY = Policy(score_below=75, lowest_grade=1, untruthful_from=2, category_from=10)
FINE = Month(950, "A", 0, {}, {})
AT = datetime(2026, 12, 6, 2, tzinfo=UTC)  # Sunday 10:00 in Shanghai


@pytest.mark.parametrize(
    ("month", "kinds"),
    [
        (FINE, []),
        (Month(750, "C", 1, {"LOST": 9}, {"LOST": 50}), []),
        (Month(749, "C", 0, {}, {}), ["score"]),
        (Month(650, "D", 2, {}, {}), ["score", "grade", "untruthful"]),
        (Month(None, None, 2, {}, {}), ["untruthful"]),
        (Month(950, "A", 0, {"LOST": 10, "DELAYED": 12, "OTHER": 99}, {"LOST": 10, "DELAYED": 10}), ["category"] * 2),
    ],
)
def test_each_threshold_that_is_crossed_is_a_ground(month: Month, kinds: list[str]) -> None:
    assert [one.kind for one in rule.grounds(month, POLICY)] == kinds


def test_a_threshold_of_nothing_asks_for_nothing() -> None:
    off = Policy(score_below=0, lowest_grade=0, untruthful_from=0, category_from=0)
    assert rule.grounds(Month(0, "D", 99, {"LOST": 99}, {"LOST": 99}), off) == ()


def test_what_was_counted_stands_beside_its_threshold() -> None:
    found = rule.grounds(Month(701, "C", 3, {"LOST": 11}, {"LOST": 10}), POLICY)
    assert found == (Ground("score", 701, 75), Ground("untruthful", 3, 2), Ground("category", 11, 10, "LOST"))


def test_it_is_due_three_of_the_sites_own_working_days_later() -> None:
    assert rule.due({}, AT, POLICY) == AT + timedelta(days=3)  # Monday, Tuesday, Wednesday
    closed = {date(2026, 12, 7): False, date(2026, 12, 8): False}
    assert rule.due(closed, AT, POLICY) == AT + timedelta(days=5)


def test_it_is_told_a_day_before_at_due_and_three_times_after() -> None:
    due, told = AT, [rule.next_reminder(AT, n) for n in range(6)]
    assert told == [due - timedelta(days=1), due, *(due + timedelta(days=n) for n in (1, 2, 3)), None]


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ([Ground("score")], [Ground("score", 1)], True),
        ([Ground("category", category="LOST")], [Ground("category", category="DELAYED")], False),
        ([Ground("category", category="LOST")], [Ground("grade"), Ground("category", category="LOST")], True),
        ([Ground("other")], [Ground("other")], False),
        ([Ground("score")], [Ground("grade")], False),
    ],
)
def test_the_same_ground_is_a_recurrence(ours: list[Ground], theirs: list[Ground], same: bool) -> None:
    assert rule.same([one.plain() for one in ours], [one.plain() for one in theirs]) is same


def test_a_recurrence_looks_back_over_whole_months() -> None:
    assert rule.again_since(AT, 6) == datetime(2026, 5, 31, 16, tzinfo=UTC)
    assert rule.again_since(datetime(2026, 1, 15, tzinfo=UTC), 1) == datetime(2025, 11, 30, 16, tzinfo=UTC)


def test_numbers_out_of_range_are_named() -> None:
    typed = dict.fromkeys(rule.NAMES, "1") | {"score_below": "101", "due_days": "0", "again_months": "x"}
    assert rule.parse(typed)[1] == {
        "score_below": "out_of_range", "due_days": "out_of_range", "again_months": "not_a_number",
    }  # fmt: skip
    assert rule.parse({name: str(n) for name, n in Policy().numbers().items()}) == (Policy().numbers(), {})


def test_the_manager_of_the_organisation_fills_in_and_a_desk_above_decides() -> None:
    manager, clerk = Actor(1, "site_manager", 7, 3), Actor(2, "site_clerk", 7, 3)
    assert rule.may_fill(manager, 7, "asked") and not rule.may_fill(manager, 8, "asked")
    assert not rule.may_fill(manager, 7, "filled") and not rule.may_fill(clerk, 7, "asked")
    lcs, other, ccs = Actor(3, "lcs", 3, 3), Actor(4, "lcs", 4, 4), Actor(5, "ccs", 1, None)
    assert [rule.may_decide(one, 3, "filled") for one in (manager, lcs, other, ccs)] == [False, True, False, True]
    assert not rule.may_decide(lcs, 3, "asked")
