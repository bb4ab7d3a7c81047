"""Calendars as an administrator edits them: stored dues stay, old hours stay known, every process sees the new ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from app.domain.calendar_text import Day
from app.domain.calendars import add_time, is_open
from app.domain.errors import Invalid, NotFound
from app.models import CalendarHours, Clock
from app.services import calendar_admin, calendars, sweep
from app.services.calendar_admin import HoursIn
from tests.cast import NOON, push, ticket

SPLIT = HoursIn("服务时间", "Service hours", "08:00-12:00 13:30-20:00", False)
LUNCH = datetime(2026, 11, 18, 4, 30, tzinfo=UTC)  # 12:30 in Shanghai
OTHER = HoursIn("旺季", "Peak season", "07:00-23:00", False)


def change(cast, hours=SPLIT, name="service", now=NOON) -> None:
    calendar_admin.change(actor=cast["admin"], name=name, hours=hours, now=now)


def test_changed_hours_hold_at_once_and_the_old_ones_stay_known(cast, db_session) -> None:
    assert is_open(calendars.calendars(db_session)["service"], LUNCH)
    change(cast)
    assert not is_open(calendars.calendars(db_session)["service"], LUNCH)
    assert is_open(calendars.calendars_at(db_session, NOON - timedelta(seconds=1))["service"], LUNCH)
    change(cast, HoursIn("服务", "Service", "00:00-24:00", True), now=NOON + timedelta(days=1))
    service = next(one for one in calendar_admin.listed(db_session) if one.name == "service")
    assert service.calendar.working_days_only and service.label == "服务" and len(service.former) == 2
    assert not is_open(calendars.calendars_at(db_session, NOON)["service"], LUNCH)


def test_stored_dues_of_running_clocks_stay_where_they_are(cast, db_session) -> None:
    push(cast, now=NOON - timedelta(minutes=10))
    before = db_session.execute(select(Clock.id, Clock.due_at)).all()
    change(cast)
    db_session.rollback()
    assert db_session.execute(select(Clock.id, Clock.due_at)).all() == before


def test_the_breach_of_a_run_is_booked_though_its_hours_are_closed_by_now(cast, db_session) -> None:
    evening = datetime(2026, 11, 18, 11, 45, tzinfo=UTC)  # 19:45: first reply due at 08:15
    number = push(cast, now=evening)
    sweep.run(db_session, evening + timedelta(minutes=15))  # half of it is over
    change(cast, HoursIn("服务时间", "Service hours", "09:00-18:00", False), now=evening + timedelta(minutes=20))
    sweep.run(db_session, datetime(2026, 11, 19, 0, 16, tzinfo=UTC))
    row = ticket(db_session, number)
    assert row.overdue and row.level == 1


def test_a_standard_calendar_that_was_never_stored_keeps_its_old_hours_too(cast, db_session) -> None:
    db_session.execute(CalendarHours.__table__.delete())
    db_session.commit()
    change(cast)
    assert is_open(calendars.calendars_at(db_session, NOON - timedelta(days=1))["service"], LUNCH)
    assert not is_open(calendars.calendars(db_session)["service"], LUNCH)


def test_a_new_calendar_is_there_for_policies(cast, db_session) -> None:
    calendar_admin.add(actor=cast["admin"], name="peak", hours=OTHER, now=NOON)
    assert calendars.calendars(db_session)["peak"].spans == ((time(7), time(23)),)
    assert [one.name for one in calendar_admin.listed(db_session)][-1] == "peak"


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize(
    ("name", "hours", "field", "code"),
    [
        ("", OTHER, "name", "required"), ("Peak!", OTHER, "name", "bad_name"), ("service", OTHER, "name", "taken"),
        ("peak", HoursIn("", "x", "07:00-23:00", False), "label", "required"),
        ("peak", HoursIn("x", "x" * 61, "07:00-23:00", False), "label_en", "too_long"),
        ("peak", HoursIn("x", "x", "23:00-07:00", False), "spans", "bad_order"),
        ("peak", HoursIn("x", "x", "all day", False), "spans", "bad_span"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_calendar_is_told_by_field(cast, name, hours, field, code) -> None:
    with pytest.raises(Invalid) as wrong:
        calendar_admin.add(actor=cast["admin"], name=name, hours=hours, now=NOON)
    assert wrong.value.fields == {field: code}


@pytest.mark.parametrize(
    ("name", "spans", "code"), [("always", "08:00-20:00", "fixed"), ("working", "08:00-08:01", "too_little")]
)
def test_hours_that_no_limit_fits_into_are_refused(cast, name, spans, code) -> None:
    with pytest.raises(Invalid) as wrong:
        change(cast, HoursIn("x", "x", spans, False), name)
    assert wrong.value.fields == {"spans": code}


def test_a_calendar_that_is_not_there_is_not_changed(cast) -> None:
    with pytest.raises(NotFound):
        change(cast, name="peak")


# --- days ---

NEW_YEAR, EXTRA = Day(date(2027, 1, 1), False, "元旦"), Day(date(2027, 1, 3), True, "元旦调休")


def store(cast, *days: Day, now=NOON):
    return calendar_admin.store_year(actor=cast["admin"], year=2027, days=days, now=now)


def test_an_imported_year_has_exactly_the_rows_and_is_missing_no_more(cast, db_session) -> None:
    assert 2027 in calendars.missing_years(db_session, NOON)
    store(cast, NEW_YEAR, Day(date(2027, 5, 1), False, "劳动节"))
    assert 2027 not in calendars.missing_years(db_session, NOON)
    renamed = Day(date(2027, 1, 1), False, "New Year")
    done = store(cast, renamed, EXTRA, now=NOON + timedelta(minutes=1))
    assert (done.added, done.changed, done.same) == ((EXTRA,), (renamed,), 0)
    assert [day.day for day in done.removed] == [date(2027, 5, 1)]
    db_session.rollback()
    assert [row.name for row in calendars.days_of(db_session, 2027)] == ["New Year", "元旦调休"]
    days = calendars.calendars_at(db_session, NOON)["working"].days
    assert days[date(2027, 5, 1)] is False and date(2027, 1, 3) not in days


def test_a_dry_run_stores_nothing(cast, db_session) -> None:
    said = calendar_admin.year_change(db_session, 2027, [NEW_YEAR, EXTRA])
    assert (len(said.added), said.same) == (2, 0)
    assert calendars.days_of(db_session, 2027) == []
    store(cast, NEW_YEAR)
    assert calendar_admin.year_change(db_session, 2027, [NEW_YEAR, EXTRA]).same == 1


def test_an_import_without_a_day_would_empty_the_year_and_is_refused(cast) -> None:
    with pytest.raises(Invalid):
        store(cast)


def test_days_that_leave_no_limit_an_end_are_refused_as_such_hours_are(cast, db_session) -> None:
    """A year and more of holidays alone: whatever waits for a working day could not be begun any more, by nobody."""

    def year(n: int, but: int = 0) -> list[Day]:
        return [Day(date(n, 1, 1) + timedelta(days=at), False, "") for at in range(365 - but)]

    late = datetime(2027, 12, 1, tzinfo=UTC)
    store(cast, *year(2027))
    with pytest.raises(Invalid) as wrong:
        calendar_admin.store_year(actor=cast["admin"], year=2028, days=year(2028), now=NOON)
    assert wrong.value.fields == {"text": "too_little"}
    calendar_admin.store_year(actor=cast["admin"], year=2028, days=year(2028, 340), now=NOON)
    with pytest.raises(Invalid) as wrong:
        for at in range(25, 60):
            day = Day(date(2028, 1, 1) + timedelta(days=at), False, "")
            calendar_admin.put_day(actor=cast["admin"], day=day, now=NOON)
    assert wrong.value.fields == {"day": "too_little"}
    working = calendars.calendars(db_session)["working"]
    assert add_time(working, NOON.replace(year=2027, month=1), timedelta(hours=1)) < late + timedelta(days=120)


def test_a_day_that_is_swapped_for_another_is_seen_at_once(cast, db_session) -> None:
    store(cast, NEW_YEAR, EXTRA)
    assert calendars.calendars(db_session)["working"].days[EXTRA.day] is True
    calendar_admin.put_day(actor=cast["admin"], day=Day(EXTRA.day, False, ""), now=NOON)
    calendar_admin.put_day(actor=cast["admin"], day=Day(NEW_YEAR.day, True, ""), now=NOON)
    days = calendars.calendars(db_session)["working"].days  # as many days, as many working ones as before
    assert (days[NEW_YEAR.day], days[EXTRA.day]) == (True, False)
    with pytest.raises(NotFound):
        calendar_admin.drop_day(actor=cast["admin"], day=date(2027, 6, 1), now=NOON)
