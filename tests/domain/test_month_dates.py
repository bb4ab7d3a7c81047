"""The days of a month's close, holidays and make-up days included."""

from __future__ import annotations

from datetime import date, time

import pytest

from app.domain.calendars import at_local, local_date
from app.domain.month_dates import dates_of


def day(at: object) -> str:
    return local_date(at).isoformat()  # type: ignore[arg-type]


def test_a_plain_month() -> None:
    found = dates_of("2026-10", {})  # 1 November is a Sunday
    assert found.drafts == at_local(date(2026, 11, 1), time(2))
    assert [day(found.analysis_until), day(found.decided_until), day(found.freeze_from)] == [
        "2026-11-05", "2026-11-07", "2026-11-06",
    ]  # fmt: skip


def test_free_days_move_the_analysis_and_never_the_freeze() -> None:
    holiday = {date(2026, 10, n): False for n in range(1, 8)}
    found = dates_of("2026-09", holiday | {date(2026, 10, 10): True})
    assert day(found.analysis_until) == "2026-10-11"  # 8, 9 and the make-up Saturday the 10th
    assert found.freeze_from == at_local(date(2026, 10, 6), time(0))


def test_december_ends_in_the_next_year_and_what_is_no_month_is_refused() -> None:
    assert day(dates_of("2026-12", {}).freeze_from) == "2027-01-06"
    with pytest.raises(ValueError, match="month"):
        dates_of("2026-13", {})
