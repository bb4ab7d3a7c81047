"""From a tiny made-up log to the steps of the replay."""

from datetime import datetime, timedelta
from itertools import pairwise

from simulator import plan, worklog
from simulator.worklog import SHANGHAI

HEAD = {"category": "Category 1", "priority": "3 - Moderate"}


def line(number, at, state, group="Group 2", opened="1/3/2016 09:00", **rest):
    return {
        "number": number, "opened_at": opened, "sys_updated_at": at, "incident_state": state, "assignment_group": group,
    } | HEAD | rest  # fmt: skip


def steps(*rows):
    """Steps as (kind, minutes after the opening, seconds beyond)."""
    case = worklog.cases([line("INC1", at, state) for at, state in rows])[0]
    begun = case.opened_at
    return [(what, *divmod(int((at - begun).total_seconds()), 60)) for at, what in plan.steps(case)]


def test_an_ordinary_life():
    assert steps(
        ("1/3/2016 09:05", "New"), ("1/3/2016 09:20", "Active"), ("1/3/2016 10:00", "Active"),
        ("1/3/2016 11:00", "Resolved"), ("6/3/2016 12:00", "Closed"),
    ) == [
        ("push", 0, 0), ("follow_up", 20, 0), ("result", 120, 0), ("satisfied", 7380, 0), ("close", 7380, 1),
    ]  # fmt: skip


def test_a_later_row_that_is_still_new_is_the_follow_up():
    rows = ("1/3/2016 09:05", "New"), ("1/3/2016 09:05", "New"), ("1/3/2016 09:07", "New"), ("1/3/2016 09:30", "Active")
    assert steps(*rows) == [("push", 0, 0), ("follow_up", 7, 0)]


def test_a_log_that_starts_answered():
    assert steps(("1/3/2016 09:00", "Resolved"), ("1/3/2016 09:00", "Closed")) == [
        ("push", 0, 0), ("result", 0, 1), ("satisfied", 0, 2), ("close", 0, 3),
    ]  # fmt: skip


def test_a_row_before_the_opening_comes_right_after_the_push():
    assert steps(("1/3/2016 08:50", "Active")) == [("push", 0, 0), ("follow_up", 0, 1)]


def test_a_reopening_is_a_rejection_and_its_ruling():
    assert steps(
        ("1/3/2016 09:10", "Resolved"), ("1/3/2016 09:30", "Active"), ("1/3/2016 09:30", "Resolved"),
        ("1/3/2016 09:40", "Resolved"), ("1/3/2016 09:50", "Closed"), ("1/3/2016 09:55", "Active"),
    ) == [
        ("push", 0, 0), ("result", 10, 0), ("reject", 30, 0), ("ruling", 31, 0), ("result", 31, 1),
        ("satisfied", 50, 0), ("close", 50, 1), ("reject", 55, 0), ("ruling", 56, 0),
    ]  # fmt: skip


def test_closed_without_an_answer_is_nothing():
    assert steps(("1/3/2016 09:10", "New"), ("1/3/2016 09:30", "Closed")) == [("push", 0, 0)]


def test_rows_are_sorted_by_time_and_then_by_file():
    rows = ("1/3/2016 09:40", "Resolved"), ("1/3/2016 09:10", "Active"), ("1/3/2016 09:40", "Closed")
    assert [kind for kind, *_ in steps(*rows)] == ["push", "follow_up", "result", "satisfied", "close"]


def test_tickets_come_by_opening_and_groups_are_dealt_out():
    found = worklog.cases([
        line("INC2", "1/3/2016 10:00", "New", group="?", opened="1/3/2016 10:00"),
        line("INC1", "1/3/2016 09:00", "New", group="?"), line("INC1", "1/3/2016 09:01", "Active", group="Group 10"),
        line("INC1", "1/3/2016 09:02", "Active", group="Group 9"),
    ])  # fmt: skip
    assert [case.number for case in found] == ["INC1", "INC2"]
    assert worklog.groups(found) == ["Group 9", "Group 10"]
    table = plan.site_of_groups(worklog.groups(found), ["330106-01", "330108-01"])
    assert [one.site for one in plan.plans(found, table, "440305-01")] == ["330108-01", "440305-01"]


def test_the_agenda_is_in_order_and_keeps_each_tickets_own():
    found = worklog.read()[:300]
    made = plan.plans(found, plan.site_of_groups(worklog.groups(found), ["a", "b"]), "a")
    times = [at for at, _what, _plan in plan.agenda(made)]
    assert times == sorted(times)
    for one in made:
        own = [at for at, _what in one.steps]
        assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(own))
    assert len({one.waybill for one in made}) == len({one.order_code for one in made}) == 300


def test_priorities_and_categories():
    texts = ("1 - Critical", "2 - High", "3 - Moderate", "4 - Low")
    assert [plan.platform_priority(text) for text in texts] == [3, 2, 1, 1]
    assert plan.category_code("Category 42") == plan.category_code("Category 42")
    assert worklog.local("29/2/2016 01:16") == datetime(2016, 2, 29, 1, 16, tzinfo=SHANGHAI)
