from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendars import SHANGHAI, is_open, standard_calendars, time_between
from app.domain.clocks import (
    Limit,
    Stage,
    decided_at,
    decided_month,
    due_at,
    due_stages,
    hand_up_level,
    in_time,
    next_stage,
    paused_due,
    raised_due,
    resolve_due,
    stages,
)

CALENDARS = standard_calendars({})
FIRST_REPLY = Limit(30, "service")
URGENT, HIGH, NORMAL = Limit(720, "always"), Limit(1440, "always"), Limit(2880, "always")
RULING = Limit(720, "working")
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    """A wall time in Shanghai in March 2026 (the 2nd is a Monday): "2 08:00"."""
    day, wall = text.split()
    return datetime.fromisoformat(f"2026-03-{int(day):02d} {wall}").replace(tzinfo=SHANGHAI)


def urgent_due(start: str) -> datetime:
    return resolve_due(URGENT, at(start), CALENDARS, urgent=True, high_limit=HIGH)


def names_and_times(limit: Limit, start: str, due: str) -> list[tuple[str, datetime]]:
    return [(s.name, s.at) for s in stages(limit, at(start), at(due), CALENDARS)]


def test_a_first_reply_is_due_after_30_service_minutes() -> None:
    assert due_at(FIRST_REPLY, at("2 10:00"), CALENDARS) == at("2 10:30")
    assert due_at(FIRST_REPLY, at("2 19:45"), CALENDARS) == at("3 08:15")


def test_a_due_time_is_utc() -> None:
    assert due_at(FIRST_REPLY, at("2 10:00"), CALENDARS).tzinfo is UTC


def test_a_ruling_takes_one_working_day_of_service_minutes() -> None:
    assert due_at(RULING, at("5 15:00"), CALENDARS) == at("6 15:00")
    assert due_at(RULING, at("6 15:00"), CALENDARS) == at("9 15:00")


def test_an_unknown_calendar_is_an_error() -> None:
    with pytest.raises(KeyError):
        due_at(Limit(30, "moon"), at("2 10:00"), CALENDARS)


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError):
        Limit(-1, "always")


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2 05:00", "2 17:00"),  # inside service hours: plain 12 h
        ("2 08:00", "2 20:00"),  # the closing instant is inside
        ("2 20:00", "3 08:00"),  # so is the opening
        ("2 22:30", "3 10:30"),
        ("2 15:00", "3 12:00"),  # 03:00 moves to noon of the same day
        ("2 19:59", "3 12:00"),
        ("2 12:00", "3 12:00"),  # midnight moves to noon, exactly high
        ("2 10:00", "3 10:00"),  # 22:00 would move to noon, but high ends at 10:00
        ("2 08:01", "3 08:01"),
    ],
)
def test_urgent_resolve_falls_in_service_hours_and_never_after_high(start, due) -> None:
    assert urgent_due(start) == at(due)


@pytest.mark.parametrize("limit", [HIGH, NORMAL])
def test_other_priorities_are_due_round_the_clock(limit) -> None:
    due = resolve_due(limit, at("2 23:00"), CALENDARS, urgent=False, high_limit=HIGH)
    assert due == at("2 23:00") + limit.minutes * MINUTE


def test_noon_of_the_following_service_day_skips_days_without_service() -> None:
    closed_weekend = {**CALENDARS, "service": CALENDARS["working"]}
    due = resolve_due(URGENT, at("6 15:00"), closed_weekend, urgent=True, high_limit=Limit(10080, "always"))
    assert due == at("9 12:00")


def test_urgent_is_never_later_than_high_also_inside_service_hours() -> None:
    due = resolve_due(Limit(600, "always"), at("2 09:00"), CALENDARS, urgent=True, high_limit=Limit(60, "always"))
    assert due == at("2 10:00")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 14 * 1440))
def test_urgent_resolve_lies_between_12_hours_and_high(minutes) -> None:
    start = at("1 00:00") + minutes * MINUTE
    due = resolve_due(URGENT, start, CALENDARS, urgent=True, high_limit=HIGH)
    high = due_at(HIGH, start, CALENDARS)
    assert due_at(URGENT, start, CALENDARS) <= due <= high
    assert due == high or is_open(CALENDARS["service"], due - timedelta.resolution) or due == start + 720 * MINUTE


def test_a_stop_at_the_due_instant_is_in_time_and_a_microsecond_later_is_not() -> None:
    assert in_time(at("2 10:30"), at("2 10:30"))
    assert not in_time(at("2 10:30") + timedelta.resolution, at("2 10:30"))


def test_a_clock_is_decided_at_the_earlier_of_stop_and_due() -> None:
    assert decided_at(at("2 10:00"), at("2 10:30")) == at("2 10:00")
    assert decided_at(at("2 11:00"), at("2 10:30")) == at("2 10:30")
    assert decided_at(None, at("2 10:30")) == at("2 10:30")


def test_a_late_stop_in_the_next_month_counts_in_the_month_of_the_due() -> None:
    due = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)
    assert decided_month(due + timedelta(days=3), due) == "2026-03"
    assert decided_month(None, due + timedelta(seconds=1)) == "2026-04"
    assert decided_month(due - timedelta(days=40), due) == "2026-02"


def test_a_raised_priority_takes_the_earlier_of_old_due_and_now_plus_limit() -> None:
    assert raised_due(at("4 10:00"), at("2 12:00"), HIGH, CALENDARS) == at("3 12:00")
    assert raised_due(at("2 13:00"), at("2 12:00"), HIGH, CALENDARS) == at("2 13:00")


def test_raising_to_urgent_follows_the_rule_for_urgent_dues() -> None:
    raised = raised_due(at("4 10:00"), at("2 15:00"), URGENT, CALENDARS, urgent=True, high_limit=HIGH)
    assert raised == at("3 12:00")
    with pytest.raises(ValueError):
        raised_due(at("4 10:00"), at("2 15:00"), URGENT, CALENDARS, urgent=True)


def test_a_breach_stands_when_the_priority_is_raised_afterwards() -> None:
    assert raised_due(at("2 09:00"), at("2 12:00"), URGENT, CALENDARS) == at("2 09:00")


def test_a_pause_gives_back_the_open_time_that_was_left() -> None:
    due = paused_due(at("2 10:30"), at("2 10:10"), at("2 15:00"), FIRST_REPLY, CALENDARS)
    assert due == at("2 15:20")
    overnight = paused_due(at("2 10:30"), at("2 10:10"), at("2 19:50"), FIRST_REPLY, CALENDARS)
    assert overnight == at("3 08:10")


def test_a_pause_in_closed_time_changes_nothing() -> None:
    assert paused_due(at("3 08:15"), at("2 21:00"), at("3 07:00"), FIRST_REPLY, CALENDARS) == at("3 08:15")
    assert paused_due(at("2 22:00"), at("2 21:00"), at("2 21:30"), FIRST_REPLY, CALENDARS) == at("2 22:00")


def test_a_pause_of_a_round_the_clock_limit_moves_the_due_by_its_length() -> None:
    assert paused_due(at("3 10:00"), at("2 12:00"), at("2 18:00"), HIGH, CALENDARS) == at("3 16:00")


@pytest.mark.parametrize("begin", ["2 10:30", "2 11:00"])
def test_a_pause_from_the_due_on_does_not_heal_a_breach(begin) -> None:
    assert paused_due(at("2 10:30"), at(begin), at("2 18:00"), FIRST_REPLY, CALENDARS) == at("2 10:30")


def test_a_pause_that_ends_before_it_begins_changes_nothing() -> None:
    assert paused_due(at("2 10:30"), at("2 10:10"), at("2 10:00"), FIRST_REPLY, CALENDARS) == at("2 10:30")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 5000), st.integers(0, 3000), st.integers(0, 3000), st.sampled_from(["service", "always"]))
def test_a_pause_never_brings_a_due_forward_and_keeps_the_open_time(start, offset, length, name) -> None:
    limit = Limit(240, name)
    begin = at("1 00:00") + start * MINUTE
    due = due_at(limit, begin, CALENDARS)
    pause, until = begin + offset * MINUTE, begin + (offset + length) * MINUTE
    moved = paused_due(due, pause, until, limit, CALENDARS)
    assert moved >= due
    if due > pause:
        left = time_between(CALENDARS[name], pause, due)
        assert time_between(CALENDARS[name], until, moved) == left


def test_a_clock_under_two_hours_has_one_stage_before_the_breach() -> None:
    assert names_and_times(FIRST_REPLY, "2 10:00", "2 10:30") == [
        ("50", at("2 10:15")),
        ("breach", at("2 10:30")),
        ("after_1", at("2 14:30")),
        ("after_2", at("2 18:30")),
        ("after_3", at("2 22:30")),
    ]


def test_a_clock_of_two_hours_has_two_stages_before_the_breach() -> None:
    assert names_and_times(Limit(120, "service"), "2 10:00", "2 12:00")[:3] == [
        ("50", at("2 11:00")),
        ("80", at("2 11:36")),
        ("breach", at("2 12:00")),
    ]


def test_119_minutes_are_under_two_hours() -> None:
    assert len(names_and_times(Limit(119, "service"), "2 10:00", "2 11:59")) == 5


def test_stages_are_percents_of_open_time_and_not_of_the_night() -> None:
    assert names_and_times(FIRST_REPLY, "2 19:45", "3 08:15")[0] == ("50", at("2 20:00"))
    assert names_and_times(FIRST_REPLY, "2 19:50", "3 08:20")[0] == ("50", at("3 08:05"))
    assert names_and_times(FIRST_REPLY, "2 23:00", "3 08:30")[0] == ("50", at("3 08:15"))


def test_stages_follow_the_real_due_and_not_the_plain_limit() -> None:
    assert names_and_times(URGENT, "2 15:00", "3 12:00")[0] == ("50", at("3 01:30"))


@pytest.mark.parametrize("due", ["2 10:00", "2 09:00"])
def test_a_run_that_is_late_on_arrival_begins_with_the_breach(due) -> None:
    listed = names_and_times(HIGH, "2 10:00", due)
    assert [name for name, _ in listed] == ["breach", "after_1", "after_2", "after_3"]
    assert listed[0] == ("breach", at(due))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 5000), st.integers(1, 5000), st.sampled_from(["service", "always", "working"]))
def test_stages_are_in_order_inside_the_run_and_have_distinct_names(start, minutes, name) -> None:
    limit, begin = Limit(minutes, name), at("1 00:00") + start * MINUTE
    due = due_at(limit, begin, CALENDARS)
    listed = stages(limit, begin, due, CALENDARS)
    assert [s.at for s in listed] == sorted(s.at for s in listed)
    assert len({s.name for s in listed}) == len(listed) == (5 if minutes < 120 else 6)
    assert all(begin <= s.at for s in listed)


LISTED = stages(HIGH, at("2 10:00"), at("3 10:00"), CALENDARS)


def test_a_stage_is_due_at_its_instant_and_once_done_never_again() -> None:
    assert due_stages(LISTED, (), at("2 21:59")) == ()
    assert due_stages(LISTED, (), at("2 22:00")) == (Stage("50", at("2 22:00")),)
    assert due_stages(LISTED, {"50"}, at("2 22:00")) == ()


def test_all_stages_missed_meanwhile_are_due_together() -> None:
    assert [s.name for s in due_stages(LISTED, ["50"], at("3 10:00"))] == ["80", "breach"]


def test_the_next_stage_is_the_earliest_one_to_come_that_is_not_done() -> None:
    assert next_stage(LISTED, (), at("2 10:00")) == LISTED[0]
    assert next_stage(LISTED, {"50"}, at("2 10:00")) == LISTED[1]
    assert next_stage(LISTED, (), LISTED[0].at) == LISTED[1]
    assert next_stage(LISTED, (), LISTED[-1].at) is None


def test_hand_up_goes_to_lcs_at_the_breach_and_to_ccs_four_hours_later() -> None:
    due = at("2 10:00")
    assert hand_up_level(due, due - timedelta.resolution) == 0
    assert hand_up_level(due, due) == 1
    assert hand_up_level(due, at("2 14:00") - timedelta.resolution) == 1
    assert hand_up_level(due, at("2 14:00")) == 2
