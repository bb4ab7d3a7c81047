"""The stand-alone arithmetic, by hand-made cases."""

from datetime import datetime

import pytest

from simulator import expected, plan
from simulator.plan import Plan
from simulator.worklog import SHANGHAI

POLICY = expected.load_policy()


def at(text):
    return datetime.fromisoformat(f"2016-{text}").replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("03-01 09:00", "03-01 09:30"),
        ("03-01 07:00", "03-01 08:30"),
        ("03-01 19:30", "03-01 20:00"),
        ("03-01 19:45", "03-02 08:15"),
        ("03-01 20:00", "03-02 08:30"),
        ("02-29 23:59", "03-01 08:30"),
    ],
)
def test_the_first_reply_runs_in_service_hours(start, due):
    assert expected.first_reply_due(at(start), POLICY) == at(due)


@pytest.mark.parametrize(
    ("start", "urgent", "due"),
    [
        ("03-01 22:00", False, "03-02 22:00"),
        ("03-01 08:00", True, "03-01 20:00"),  # the closing instant is inside
        ("03-01 20:00", True, "03-02 08:00"),
        ("03-01 08:01", True, "03-02 08:01"),  # noon of the next day would be later than high
        ("03-01 13:00", True, "03-02 12:00"),
        ("03-01 19:59", True, "03-02 12:00"),
        ("03-01 12:00", True, "03-02 12:00"),
    ],
)
def test_the_result_is_due_round_the_clock_and_urgent_ones_by_noon(start, urgent, due):
    assert expected.resolve_due(at(start), urgent, POLICY) == at(due)


def ticket(*steps, category="LOCKER", priority=1):
    return Plan("RP1", "330106-01", category, priority, "RP000000000001", tuple((at(t), kind) for t, kind in steps))


def test_what_is_urgent():
    assert expected.is_urgent(ticket(category="LOST"), POLICY)
    assert expected.is_urgent(ticket(priority=3), POLICY)
    assert not expected.is_urgent(ticket(priority=2), POLICY)


def test_facts_count_in_the_month_of_the_earlier_of_stop_and_due():
    one = ticket(
        ("03-31 15:00", plan.PUSH), ("03-31 15:30", plan.FOLLOW_UP), ("04-01 15:01", plan.RESULT),
        ("04-29 20:00", plan.REJECT), ("04-30 20:00", plan.RULING), ("04-30 21:00", plan.RESULT),
        ("05-01 10:00", plan.REJECT), ("05-01 10:01", plan.RULING),
    )  # fmt: skip
    facts = expected.compute([one], POLICY)
    assert facts["sites"] == [
        {"site": "330106-01", "month": "2016-03", "tickets": 1, "first_reply_due": 1, "first_reply_in_time": 1,
         "resolve_due": 0, "resolve_in_time": 0},
        {"site": "330106-01", "month": "2016-04", "tickets": 0, "first_reply_due": 0, "first_reply_in_time": 0,
         "resolve_due": 2, "resolve_in_time": 1},
        {"site": "330106-01", "month": "2016-05", "tickets": 0, "first_reply_due": 0, "first_reply_in_time": 0,
         "resolve_due": 1, "resolve_in_time": 0},
    ]  # fmt: skip
    assert facts["orders"] == {
        "RP1": {"results": 2, "rulings": 2, "rejects": 2, "late_first_replies": 0, "late_results": 2},
    }  # fmt: skip
    assert (expected.late(facts, "first_reply"), expected.late(facts, "resolve")) == (0, 2)


def test_a_ticket_that_nobody_answers_is_late_in_both():
    facts = expected.compute([ticket(("03-01 09:00", plan.PUSH))], POLICY)
    assert (expected.late(facts, "first_reply"), expected.late(facts, "resolve")) == (1, 1)


def test_compare_names_every_difference():
    wanted = expected.compute([ticket(("03-01 09:00", plan.PUSH), ("03-01 09:10", plan.RESULT))], POLICY)
    assert expected.compare(wanted, wanted) == []
    row = wanted["sites"][0] | {"resolve_in_time": 0}
    other = {"tickets": 2, "sites": [row, row | {"month": "2016-04"}], "orders": {}}
    found = "\n".join(expected.compare(wanted, other))
    assert "tickets: expected 1, portal 2" in found
    assert "330106-01 2016-03 resolve_in_time: expected 1, portal 0" in found
    assert "330106-01 2016-04 tickets: expected 0, portal 1" in found
    assert "order RP1: missing" in found


def test_what_the_portal_prints_is_read_with_and_without_its_number_of_tickets():
    wanted = expected.compute([ticket(("03-01 09:00", plan.PUSH), ("03-01 09:10", plan.RESULT))], POLICY)
    rows = [row | {"repeats": 0} for row in wanted["sites"]]
    assert expected.compare(wanted, expected.from_portal(rows)) == []
    assert expected.compare(wanted, expected.from_portal({"tickets": 1, "sites": rows})) == []
    with pytest.raises(ValueError, match="sites"):
        expected.from_portal({"error": 1})
