"""An explained due is the stored due: counted day by day, whatever the calendar, the start and the pauses."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendars import NOTHING, SHANGHAI, Calendar, local_date, standard_calendars, time_between
from app.domain.clocks import Limit
from app.domain.explain import CAPPED, CLOSED, COUNTED, NOON, PAUSED, Leg, Pause, explain, leg_due, run_due

SPLIT = Calendar(spans=((time(8), time(12)), (time(13, 30), time(20))))
# Friday the 6th of March 2026 is a holiday, Saturday its make-up day
WORKING = Calendar(spans=SPLIT.spans, working_days_only=True, days={date(2026, 3, 6): False, date(2026, 3, 7): True})
CALENDARS = {**standard_calendars({}), "split": SPLIT, "office": WORKING}
URGENT, HIGH = Limit(720, "always"), Limit(1440, "always")


def at(text: str) -> datetime:
    """A wall time in Shanghai in March 2026 (the 2nd is a Monday): "2 08:00"."""
    day, wall = text.split()
    return datetime.fromisoformat(f"2026-03-{int(day):02d} {wall}").replace(tzinfo=SHANGHAI)


def told(leg: Leg) -> list[tuple[str, str, int, int]]:
    """What a leg's lines say: step, span of wall time, minutes counted, minutes left."""
    done = explain(leg, CALENDARS, leg_due(leg, CALENDARS))
    assert done.agrees
    return [
        (line.what, f"{line.begins.astimezone(SHANGHAI):%d %H:%M}-{line.ends.astimezone(SHANGHAI):%d %H:%M}",
         line.counted // timedelta(minutes=1), line.left // timedelta(minutes=1))
        for line in done.lines
    ]  # fmt: skip


def test_a_line_a_local_day_with_what_is_left() -> None:
    assert told(Leg(Limit(30, "service"), at("2 19:45"))) == [
        (COUNTED, "02 19:45-02 20:00", 15, 15), (COUNTED, "03 08:00-03 08:15", 15, 0),
    ]  # fmt: skip


def test_split_shifts_of_a_day_are_one_line() -> None:
    done = explain(Leg(Limit(120, "split"), at("2 11:00")), CALENDARS, at("2 14:30"))
    assert done.agrees and len(done.lines) == 1
    assert [(b - a) // timedelta(minutes=1) for a, b in done.lines[0].spans] == [60, 60]


def test_closed_days_between_are_told_once() -> None:
    assert told(Leg(Limit(630 + 60, "office"), at("5 10:00"))) == [
        (COUNTED, "05 10:00-05 20:00", 510, 180), (CLOSED, "05 20:00-07 08:00", 0, 180),
        (COUNTED, "07 08:00-07 11:00", 180, 0),
    ]  # fmt: skip


def test_a_run_that_begins_on_a_closed_day_says_so_first() -> None:
    assert told(Leg(Limit(60, "office"), at("8 10:00"))) == [
        (CLOSED, "08 10:00-09 08:00", 0, 60), (COUNTED, "09 08:00-09 09:00", 60, 0),
    ]  # fmt: skip


def test_a_pause_over_days_is_no_closed_time() -> None:
    leg = Leg(Limit(120, "service"), at("2 10:00"), (Pause(at("2 11:00"), at("5 09:00")),))
    assert [line[0] for line in told(leg)] == [COUNTED, PAUSED, COUNTED]


def test_a_pause_is_cut_out_and_told_where_it_lies() -> None:
    leg = Leg(Limit(120, "service"), at("2 10:00"), (Pause(at("2 11:00"), at("3 09:00")),))
    assert told(leg) == [
        (COUNTED, "02 10:00-02 11:00", 60, 60), (PAUSED, "02 11:00-03 09:00", 0, 0),
        (COUNTED, "03 09:00-03 10:00", 60, 0),
    ]  # fmt: skip


def test_a_pause_that_lasts_changes_nothing_yet() -> None:
    leg = Leg(Limit(120, "service"), at("2 10:00"), (Pause(at("2 11:00")),))
    assert told(leg) == [(COUNTED, "02 10:00-02 12:00", 120, 0)]


def test_an_urgent_due_at_night_is_moved_to_noon_and_says_so() -> None:
    lines = told(Leg(URGENT, at("2 14:00"), high_limit=HIGH))
    assert lines[0] == (NOON, "03 02:00-03 12:00", 0, 0)
    assert [line[2] for line in lines[1:]] == [600, 720] and lines[-1][1].endswith("03 12:00")


def test_an_urgent_due_is_never_later_than_high_and_says_so() -> None:
    lines = told(Leg(URGENT, at("2 11:00"), high_limit=HIGH))
    assert lines[0] == (CAPPED, "02 23:00-03 11:00", 0, 0)


def test_an_urgent_due_in_service_hours_stays_where_it_is() -> None:
    assert {line[0] for line in told(Leg(URGENT, at("2 02:00"), high_limit=HIGH))} == {COUNTED}


def test_a_pause_after_the_move_to_noon_comes_on_top() -> None:
    pause = Pause(at("2 15:00"), at("2 16:00"))
    assert leg_due(Leg(URGENT, at("2 14:00"), (pause,), HIGH), CALENDARS) == at("3 13:00")
    assert told(Leg(URGENT, at("2 14:00"), (pause,), HIGH))[-1][1].endswith("03 13:00")


def test_imported_waiting_time_comes_on_top_of_the_limit() -> None:
    done = explain(
        Leg(Limit(60, "service"), at("2 10:00"), stood_still=timedelta(minutes=30)), CALENDARS, at("2 11:30")
    )
    assert done.agrees and done.amount == timedelta(minutes=90)


def test_a_due_that_was_not_counted_so_is_not_made_to_fit() -> None:
    assert not explain(Leg(Limit(30, "service"), at("2 10:00")), CALENDARS, at("2 10:31")).agrees


def test_a_shortening_counts_where_it_is_earlier() -> None:
    legs = [Leg(Limit(240, "service"), at("2 10:00")), Leg(Limit(30, "service"), at("2 11:00"))]
    assert run_due(legs, CALENDARS) == at("2 11:30")
    assert run_due([legs[0], Leg(Limit(300, "service"), at("2 11:00"))], CALENDARS) == at("2 14:00")


def test_a_calendar_that_never_opens_is_an_error_and_no_hang() -> None:
    with pytest.raises(ValueError, match="not enough"):
        explain(Leg(Limit(1, "shut"), at("2 10:00")), {"shut": Calendar(spans=())}, at("2 10:00"))


@st.composite
def legs(draw: st.DrawFn) -> Leg:
    begins = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 14 * 86_400)))
    limit = Limit(draw(st.integers(0, 3000)), draw(st.sampled_from(sorted(CALENDARS))))
    cuts = sorted(draw(st.lists(st.integers(1, 6 * 86_400), max_size=6, unique=True)))
    pauses = tuple(
        Pause(begins + timedelta(seconds=a), begins + timedelta(seconds=b))
        for a, b in zip(cuts[::2], cuts[1::2], strict=False)
    )
    high = Limit(1440, "always") if limit.calendar == "always" and draw(st.booleans()) else None
    return Leg(limit, begins, pauses, high)


@settings(max_examples=250, deadline=None)
@given(legs())
def test_the_explained_sum_is_the_stored_due(leg: Leg) -> None:
    done = explain(leg, CALENDARS, leg_due(leg, CALENDARS))
    assert done.agrees
    counted = [line for line in done.lines if line.what == COUNTED]
    assert sum((line.counted for line in counted), NOTHING) == done.amount
    lefts = [done.amount, *(line.left for line in counted)]
    assert all(a - line.counted == b for a, b, line in zip(lefts, lefts[1:], counted, strict=False))
    assert not counted or (counted[-1].left == NOTHING and counted[-1].ends == done.due)
    calendar = CALENDARS[leg.limit.calendar]
    for line in counted:
        assert len({local_date(a) for a, _ in line.spans}) == 1
        assert all(time_between(calendar, a, b) == b - a for a, b in line.spans)
        assert not any(p.ends and a < p.ends and p.begins < b for a, b in line.spans for p in leg.pauses)
