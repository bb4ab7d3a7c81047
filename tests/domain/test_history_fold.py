"""Rows of another system become a ticket's life: its state, its events and its one clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.calendars import standard_calendars
from app.domain.clocks import Limit
from app.domain.history import Place, Row, World, fold
from app.domain.history_clock import counted_due, pauses_of, run_of
from app.domain.history_toml import read

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # Monday 10:00 in Shanghai
LATER = START + timedelta(days=30)
CALENDARS = standard_calendars({})
DAY = Limit(24 * 60, "always")
MAPPING = """
name = "old"
[columns]
ticket = "id"
at = "time"
state = "status"
{columns}
[states]
"New" = "open"
"Work" = "in_progress"
"Wait" = {{ to = "in_progress", pauses = true }}
"Done" = "replied"
"End" = "closed"
"Gone" = "withdrawn"
[policy]
hours = 24
[[groups]]
match = "A"
organisation = "S-A"
[[groups]]
match = "B"
organisation = "S-B"
level = 2
"""
PLACES = {"A": Place(1, "S-A", 1, 33), "B": Place(2, "S-B", 2, 44, 2)}


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def life(*steps, now=LATER, columns="", places=PLACES, **extra):
    """Steps are (hours, state) or (hours, state, group); `extra` goes into the last row."""
    rows = []
    for line, (hours, state, *group) in enumerate(steps, 2):
        more = extra if line == len(steps) + 1 else {}
        rows.append(Row(line, at(hours), state, group[0] if group else "A", **more))
    return fold("T1", rows, World(read(MAPPING.format(columns=columns)), places, CALENDARS, now))


def test_without_a_column_the_first_event_opens_the_ticket():
    assert life((1, "New"), (2, "End")).opened_at == at(1)


def test_a_column_opens_it_even_before_its_first_event():
    assert life((1, "End"), opened=at(-5)).opened_at == at(-5)


def test_every_row_is_one_event_marked_as_imported():
    past = life((0, "New"), (1, "Work"), (1, "Work", "B"), (2, "Done"), (3, "End"))
    rows = [moment for moment in past.moments if "row" in moment.data]
    assert [moment.data["row"] for moment in rows] == [2, 3, 4, 5, 6]
    assert [moment.type for moment in rows] == ["routed", "claimed", "routed", "result", "closed"]
    assert all(moment.data["imported"] for moment in past.moments)


def test_a_step_that_our_table_forbids_is_kept_and_marked():
    past = life((0, "Done"), (1, "New"), (2, "End"))
    assert past.state == "closed"
    assert [m.data.get("irregular", False) for m in past.moments if "row" in m.data] == [False, False, True]
    usual = life((0, "New"), (1, "Work"), (2, "Done"), (3, "End"))
    assert not any(m.data.get("irregular") for m in usual.moments)


def test_a_wait_does_not_count():
    past = life((0, "New"), (10, "Wait"), (50, "Work"), (63, "Done"), (70, "End"))
    assert past.run.due_at == at(24 + 40) and past.run.state == "met"
    assert past.run.paused_seconds == 40 * 3600


def test_a_wait_after_the_due_saves_nobody():
    assert life((0, "New"), (25, "Wait"), (50, "Done")).run.state == "breached"


def test_a_wait_that_begins_at_the_due_itself_still_counts():
    """Counted time is then exactly the limit, and the limit is what a mapping promises."""
    assert life((0, "New"), (24, "Wait"), (60, "Done")).run.state == "met"
    assert life((0, "New"), (24, "Wait"), (60, "Work"), (60.1, "Done")).run.state == "breached"


def test_rows_of_one_wait_are_one_pause():
    assert pauses_of([at(0), at(1), at(2), at(3)], [True, True, False, True]) == [(at(0), at(2)), (at(3), None)]


def test_waits_count_only_between_opening_and_result():
    run = run_of(DAY, at(0), at(30), [(at(-5), at(3)), (at(28), None)], CALENDARS, LATER)
    assert run.due_at == at(27) and run.paused_seconds == 5 * 3600 and run.state == "breached"


def test_service_hours_are_paused_in_service_time():
    limit = Limit(12 * 60, "service")  # Monday 10:00 to Tuesday 10:00, ten hours of it on Monday
    assert counted_due(limit, at(0), [(at(2), at(5))], CALENDARS) == at(27)


def test_the_named_result_wins_over_the_rows():
    assert life((0, "New"), (5, "Done"), (9, "Done"), (30, "End"), resolved=at(7)).run.stopped_at == at(7)


def test_without_it_the_last_row_of_the_result_counts_then_that_of_the_end():
    assert life((0, "New"), (5, "Done"), (9, "Done"), (30, "End")).run.stopped_at == at(9)
    assert life((0, "New"), (30, "End")).run.stopped_at == at(30)


def test_a_ticket_opened_again_has_no_result_yet():
    past = life((0, "New"), (5, "Done"), (9, "Work"), resolved=at(5), now=at(10))
    assert past.run.stopped_at is None and past.run.state == "running" and past.queue == "returned"
    assert past.reopenings == 1


def test_an_open_ticket_past_its_due_is_overdue_and_handed_up():
    past = life((0, "New"), now=at(25))
    assert past.overdue and past.level == 1 and past.run.breached_at == at(24)
    assert life((0, "New"), now=at(40)).level == 2
    assert not life((0, "New"), now=at(23)).overdue


def test_a_wait_that_goes_on_ends_with_the_import():
    past = life((0, "New"), (10, "Wait"), now=at(100))
    assert past.run.state == "running" and past.run.due_at == at(114)


def test_an_unknown_last_group_lies_in_the_tray_while_it_is_open():
    past = life((0, "New", "A"), (1, "Work", None), now=at(2))
    assert (past.state, past.queue, past.place) == ("open", "tray", None)
    assert [place.code for place in past.parties] == ["S-A"]
    ended = life((0, "New", "A"), (1, "End", None))
    assert (ended.state, ended.queue) == ("closed", "done")


def test_the_last_group_has_the_ticket_and_the_others_had_it():
    past = life((0, "New", "A"), (1, "Work", "B"), (2, "Work", "A"), (3, "End", "B"))
    assert past.place.code == "S-B" and past.level == 2
    assert [place.code for place in past.parties] == ["S-A", "S-B"]
    assert past.reassignments == 3


def test_counters_of_the_source_are_taken_at_their_highest():
    columns = 'reassignments = "r"\nreopenings = "o"'
    rows = [Row(2, at(0), "New", "A", reassignments=4, reopenings=0), Row(3, at(1), "End", "B", reassignments=2)]
    past = fold("T1", rows, World(read(MAPPING.format(columns=columns)), PLACES, CALENDARS, LATER))
    assert (past.reassignments, past.reopenings) == (4, 0)


def test_a_withdrawn_ticket_is_out_of_the_measure():
    assert life((0, "New"), (50, "Gone")).run.state == "void"


def test_the_clock_stands_in_the_history_where_it_ran_out():
    past = life((0, "New"), (20, "Work"), (30, "Done"), (31, "End"))
    assert [moment.type for moment in past.moments] == [
        "received", "clock_started", "routed", "claimed", "clock_breached", "result", "clock_stopped", "closed",
    ]  # fmt: skip


def test_a_result_before_the_opening_counts_as_given_at_once():
    run = run_of(DAY, at(0), at(-3), [], CALENDARS, LATER)
    assert run.stopped_at == at(0) and run.state == "met"


@pytest.mark.parametrize("group", ["C", None])
def test_a_group_without_a_place_is_nobodys(group):
    assert life((0, "End", group)).place is None
