"""Ranges, Pareto, heat, weeks and the two sides of a change."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from app.domain import analysis as rule
from app.domain.analysis import Range

TODAY = date(2026, 11, 28)  # a Saturday


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("", "", Range(date(2026, 11, 1), TODAY)),
        ("2026-11-20", "", Range(date(2026, 11, 20), TODAY)),
        ("", "2026-10-31", Range(date(2026, 10, 4), date(2026, 10, 31))),
        ("2026-08-29", "2026-11-28", Range(date(2026, 8, 29), TODAY)),
    ],
)
def test_a_range_is_four_weeks_unless_told_otherwise(first: str, last: str, found: Range) -> None:
    assert rule.parse(first, last, TODAY) == (found, {})


@pytest.mark.parametrize(
    ("first", "last", "wrong"),
    [
        ("x", "", {"from": "not_a_date"}),
        ("", "2026-13-01", {"to": "not_a_date"}),
        ("2026-11-20", "2026-11-29", {"to": "in_the_future"}),
        ("2026-11-20", "2026-11-19", {"to": "ends_before_it_begins"}),
        ("2026-08-28", "2026-11-28", {"to": "range_too_long"}),
        ("", "0001-01-01", {"to": "not_a_date"}),
        ("0001-01-01", "0001-01-02", {"from": "not_a_date", "to": "not_a_date"}),
    ],
)
def test_a_range_that_is_wrong_is_named(first: str, last: str, wrong: dict[str, str]) -> None:
    assert rule.parse(first, last, TODAY)[1] == wrong


def test_a_pareto_adds_up_to_everything() -> None:
    bars = rule.pareto({"LOST": 2, "FALSE_SIGN": 6, "DELAYED": 2, "OTHER": 0})
    assert [(bar.code, bar.n) for bar in bars] == [("FALSE_SIGN", 6), ("DELAYED", 2), ("LOST", 2)]
    assert [bar.running for bar in bars] == [Fraction(6, 10), Fraction(8, 10), 1]
    assert rule.pareto({}) == []
    assert rule.top(bars, 2) == (bars[:2], 2)


def test_heat_has_four_even_steps_and_nothing_for_nothing() -> None:
    assert [rule.heat(n, 8) for n in (0, 1, 2, 3, 4, 5, 6, 7, 8)] == [0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert rule.heat(3, 0) == 0 and rule.heat(1, 1000) == 1


def test_a_week_begins_on_monday() -> None:
    table = rule.week_table([(date(2026, 11, 23), 0, 2), (date(2026, 11, 28), 23, 1), (date(2026, 11, 16), 0, 1)])
    assert table[0][0] == 3 and table[5][23] == 1 and sum(map(sum, table)) == 4


def test_days_weeks_and_months_leave_no_day_out_and_count_none_twice() -> None:
    days = Range(date(2026, 10, 30), date(2026, 11, 10))
    each = {day: {"tickets": 1} for day in days.each()}
    assert [n["tickets"] for _b, _d, n in rule.stepped(each, days, "day")] == [1] * 12
    weeks = rule.stepped(each, days, "week")
    assert [(b, d.first, n["tickets"]) for b, d, n in weeks] == [
        (date(2026, 10, 26), date(2026, 10, 30), 3), (date(2026, 11, 2), date(2026, 11, 2), 7),
        (date(2026, 11, 9), date(2026, 11, 9), 2),
    ]  # fmt: skip
    months = rule.stepped({}, days, "month")
    assert [(b, d.last, n["tickets"]) for b, d, n in months] == [
        (date(2026, 10, 1), date(2026, 10, 31), 0), (date(2026, 11, 1), date(2026, 11, 10), 0),
    ]  # fmt: skip


def test_both_sides_of_a_change_have_the_same_number_of_days() -> None:
    before, after = rule.sides(date(2026, 11, 25), 14, TODAY)
    assert (before, after) == (Range(date(2026, 11, 21), date(2026, 11, 24)), Range(date(2026, 11, 25), TODAY))
    before, after = rule.sides(date(2026, 11, 1), 7, TODAY)
    assert before and after and (before.days, after.days, after.last) == (7, 7, date(2026, 11, 7))
    assert rule.sides(date(2026, 11, 29), 7, TODAY) == (None, None)


def test_a_rate_is_exact_and_none_without_a_case() -> None:
    assert rule.rate({"resolve_in_time": 2, "resolve_due": 3}, "result").value == Fraction(2, 3)
    assert rule.rate({}, "result").value is None
