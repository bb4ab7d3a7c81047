"""Due times against an oracle that knows nothing but minutes: it walks them one by one and asks each whether it counts.

The oracle shares no code with `app.domain`: Shanghai is UTC + 8 hours, a day is 1440 marks, a due is where the marks run
out. Starts and pauses lie on whole minutes, as spans and limits do. The machine's own time zone, and the one in which
an instant happens to be written, must not matter: each test draws both.
"""

from __future__ import annotations

import os
import time as machine
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendars import Calendar, add_time, is_open, time_between
from app.domain.clocks import Limit, due_at, paused_due, resolve_due
from app.domain.explain import Leg, Pause, leg_due

MINUTE = timedelta(minutes=1)
FIRST = date(2026, 2, 1)  # around the Spring Festival; a Sunday
DAYS = 80
EPOCH = datetime(2026, 1, 31, 16, tzinfo=UTC)  # 2026-02-01 00:00 in Shanghai


class Oracle:
    """A calendar as marks: `marks[i]` says whether the i-th minute since FIRST 00:00 Shanghai counts."""

    def __init__(self, calendar: Calendar) -> None:
        self.marks: list[bool] = []
        for n in range(DAYS):
            day = FIRST + timedelta(days=n)
            works = calendar.days[day] if day in calendar.days else day.isoweekday() not in (6, 7)
            row = [False] * 1440
            for begin, end in calendar.spans if works or not calendar.working_days_only else ():
                last = 1440 if end == time(0) else end.hour * 60 + end.minute
                first = begin.hour * 60 + begin.minute
                row[first:last] = [True] * (last - first)
            self.marks += row

    def due(self, start: int, minutes: int, pauses: Sequence[tuple[int, int]] = ()) -> int:
        """The minute at which so many counting minutes since `start` are over, those in pauses left out."""
        marks, at = list(self.marks), start
        for begin, end in pauses:
            marks[begin:end] = [False] * (end - begin)
        while minutes:
            minutes -= marks[at]
            at += 1
        return at

    def between(self, start: int, end: int) -> int:
        """How many minutes count."""
        return sum(self.marks[start:end])


# The machine's zones: the one of the rulebook, one behind it, one with summer time in the tried weeks, one across the
# date line, and one that is no whole hour away.
ZONES = ("Asia/Shanghai", "UTC", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu")
WRITTEN_IN = [UTC, *map(ZoneInfo, ZONES)]


@pytest.fixture(params=ZONES, autouse=True, scope="module")
def machine_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The whole file once in each zone of the machine."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    machine.tzset()
    yield request.param
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    machine.tzset()


def instant(minute: int) -> datetime:
    """The instant, written in a zone that changes from minute to minute."""
    return (EPOCH + minute * MINUTE).astimezone(WRITTEN_IN[minute % len(WRITTEN_IN)])


def test_the_zone_of_the_machine_is_another_one(machine_zone: str) -> None:
    """That the zones are really switched: the same instant has another wall time."""
    walls = {"Asia/Shanghai": "00:00", "UTC": "16:00", "America/New_York": "11:00", "Pacific/Kiritimati": "06:00",
             "Asia/Kathmandu": "21:45"}  # fmt: skip
    assert EPOCH.astimezone().strftime("%H:%M") == walls[machine_zone]


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """One to three shifts of at least an hour and a half together, on all days or on working days with holidays."""
    edges = sorted(draw(st.lists(st.integers(0, 95), min_size=2, max_size=6, unique=True)))
    pairs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    if sum(b - a for a, b in pairs) < 6:
        pairs = [(32, 48), (54, 80)]
    walls = [tuple(time(q * 15 // 60, q * 15 % 60) for q in pair) for pair in pairs]
    if draw(st.booleans()) and pairs[-1][1] < 95:  # to midnight
        walls[-1] = (walls[-1][0], time(0))
    odd = draw(st.dictionaries(st.integers(0, DAYS - 1), st.booleans(), max_size=20))
    return Calendar(tuple(walls), draw(st.booleans()), {FIRST + timedelta(days=n): works for n, works in odd.items()})


STARTS = st.integers(0, 20 * 1440)
MINUTES = st.integers(0, 900)


@settings(max_examples=40, deadline=None)
@given(calendars(), STARTS, MINUTES)
def test_a_due_is_where_the_counting_minutes_run_out(calendar: Calendar, start: int, minutes: int) -> None:
    wanted = instant(Oracle(calendar).due(start, minutes))
    assert add_time(calendar, instant(start), minutes * MINUTE) == wanted
    assert due_at(Limit(minutes, "c"), instant(start), {"c": calendar}) == wanted


@settings(max_examples=25, deadline=None)
@given(calendars(), STARTS, st.integers(0, 9 * 1440))
def test_the_time_between_is_the_number_of_counting_minutes(calendar: Calendar, start: int, length: int) -> None:
    wanted = Oracle(calendar).between(start, start + length)
    assert time_between(calendar, instant(start), instant(start + length)) == wanted * MINUTE


@settings(max_examples=40, deadline=None)
@given(calendars(), STARTS, MINUTES, st.lists(st.integers(1, 4000), min_size=2, max_size=6, unique=True))
def test_minutes_in_pauses_do_not_count(calendar: Calendar, start: int, minutes: int, cuts: list[int]) -> None:
    cuts = sorted(start + cut for cut in cuts)
    pauses = list(zip(cuts[::2], cuts[1::2], strict=False))
    limit, table = Limit(minutes, "c"), {"c": calendar}
    due = due_at(limit, instant(start), table)
    for begins, ends in pauses:
        due = paused_due(due, instant(begins), instant(ends), limit, table)
    wanted = instant(Oracle(calendar).due(start, minutes, pauses))
    assert due == wanted
    told = tuple(Pause(instant(a), instant(b)) for a, b in pauses)
    assert leg_due(Leg(limit, instant(start), told), table) == wanted


@settings(max_examples=40, deadline=None)
@given(calendars(), STARTS, st.integers(1, 900), st.integers(0, 2880))
def test_an_urgent_due_at_night_waits_for_noon_but_never_longer_than_high(
    service: Calendar, start: int, minutes: int, more: int
) -> None:
    always = Calendar(((time(0), time(0)),))
    table = {"service": service, "always": always}
    limit, high = Limit(minutes, "always"), Limit(minutes + more, "always")
    oracle, plain = Oracle(service), start + minutes
    wanted = plain
    if not oracle.marks[plain] and not oracle.marks[plain - 1]:  # the closing minute is inside
        wanted = min(noon_after(oracle, plain), start + minutes + more)
    assert resolve_due(limit, instant(start), table, urgent=False, high_limit=high) == instant(plain)
    assert resolve_due(limit, instant(start), table, urgent=True, high_limit=high) == instant(wanted)
    assert leg_due(Leg(limit, instant(start), high_limit=high), table) == instant(wanted)


@settings(max_examples=25, deadline=None)
@given(calendars(), st.integers(1, 20), st.integers(1, 900))
def test_an_urgent_due_at_the_very_end_of_a_shift_is_inside_it(service: Calendar, day: int, minutes: int) -> None:
    marks = Oracle(service).marks
    ends = [at for at in range(day * 1440, (day + 9) * 1440) if marks[at - 1] and not marks[at]]
    table = {"service": service, "always": Calendar(((time(0), time(0)),))}
    for end in ends:
        limit, high = Limit(minutes, "always"), Limit(minutes + 2880, "always")
        assert resolve_due(limit, instant(end - minutes), table, urgent=True, high_limit=high) == instant(end)


def noon_after(oracle: Oracle, at: int) -> int:
    """12:00 of the first day with service hours, not before `at`."""
    noon = at // 1440 * 1440 + 720
    while noon < at or not any(oracle.marks[noon - 720 : noon + 720]):
        noon += 1440
    return noon


@settings(max_examples=25, deadline=None)
@given(calendars(), STARTS)
def test_open_means_that_the_minute_counts(calendar: Calendar, minute: int) -> None:
    assert is_open(calendar, instant(minute)) == Oracle(calendar).marks[minute]
