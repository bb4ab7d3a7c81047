"""Days counted for the analysis pages: the same numbers as the tickets behind them, in their scope alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.domain.analysis import Range
from app.domain.errors import NotAllowed, NotFound
from app.domain.policies import default_rules
from app.models import DayCounted, DayFact, Ticket
from app.services import analysis, analysis_tickets, day_facts, policies, scorecard_cases, scorecard_facts, sweep
from app.services.analysis_tickets import Asked
from app.services.scans import ScanIn, store_scans
from app.services.scorecard_facts import Span
from app.services.transaction import write
from tests.cast import NOON, Cast, push
from tests.services.ending_steps import answer

DAY = timedelta(days=1)
TODAY = date(2026, 11, 18)  # a Wednesday
WEEK = Range(TODAY - 6 * DAY, TODAY)
LATE = datetime(2026, 11, 18, 15, 59, tzinfo=UTC)  # a minute before midnight in Shanghai


def lived(cast: Cast) -> None:
    """Yesterday two complaints, today three at two sites and one at a minute before midnight elsewhere."""
    push(cast, "W0", now=NOON - DAY, category="LOST")
    answer(cast, push(cast, "W1", now=NOON - DAY), NOON - DAY + timedelta(minutes=5))
    store_scans(scans=[
        ScanIn("YT2000000000011", "DELIVER", NOON - DAY, "330106-01", "赵一"),
        ScanIn("YT2000000000011", "SIGN", NOON - DAY / 2, "330106-01", "钱二"),
    ], now=NOON)  # fmt: skip
    push(cast, "W2", waybill="YT2000000000011", now=NOON)
    push(cast, "W3", now=NOON + timedelta(minutes=59))
    push(cast, "W4", site="330108-01", category="LOST", now=NOON + timedelta(hours=1))
    push(cast, "W5", site="440305-01", now=LATE)


def count_all(session: Any, now: datetime) -> list[date]:
    found = [day_facts.count(session, now) for _ in range(25)]
    assert found[-1] is None  # it comes to an end
    return [day for day in found if day is not None]


def sums(session: Any, cast: Cast, who: str, kind: str, days: Range = WEEK, province: str = "") -> dict[str, int]:
    session.rollback()
    return analysis.sums(session, analysis.area(session, cast[who], province), days, (kind,))[kind]


def test_days_are_counted_from_the_running_one_back_to_the_first(db_session: Any, cast: Cast) -> None:
    lived(cast)
    assert count_all(db_session, LATE - timedelta(minutes=30)) == [TODAY, TODAY - DAY]
    assert day_facts.count(db_session, LATE - timedelta(minutes=21)) is None
    next_day = LATE + timedelta(minutes=11)  # ten past midnight
    assert count_all(db_session, next_day) == [TODAY + DAY]
    assert count_all(db_session, LATE + timedelta(minutes=21)) == [TODAY + DAY, TODAY, TODAY - DAY]  # the night's
    assert TODAY not in count_all(db_session, LATE + 15 * DAY)  # it has settled
    with write() as session:  # counted for the last time while it ran
        session.execute(update(DayCounted).where(DayCounted.day == TODAY).values(counted_at=LATE))
    assert count_all(db_session, LATE + 15 * DAY) == [TODAY]


def test_an_area_has_its_own_numbers_and_the_network_all(db_session: Any, cast: Cast) -> None:
    lived(cast)
    count_all(db_session, LATE)
    assert sums(db_session, cast, "lcs", "category") == {"LOST": 2, "FALSE_SIGN": 3}
    assert sums(db_session, cast, "lcs-2", "category") == {"FALSE_SIGN": 1}
    assert sums(db_session, cast, "ccs", "category") == {"LOST": 2, "FALSE_SIGN": 4}
    assert sums(db_session, cast, "ccs", "category", province="44") == {"FALSE_SIGN": 1}
    places = cast.places
    assert sums(db_session, cast, "lcs", "site") == {str(places["330106-01"]): 4, str(places["330108-01"]): 1}
    assert sums(db_session, cast, "ccs", "province") == {str(places["33"]): 5, str(places["44"]): 1}
    assert sums(db_session, cast, "lcs", "courier") == {f"{places['330106-01']}:钱二": 1}  # the last scan's
    assert sums(db_session, cast, "ccs", "hour") == {"12": 4, "13": 1, "23": 1}
    for who, province in (("lcs", "44"), ("ccs", "99"), ("ccs", "330106-01")):
        with pytest.raises(NotFound):
            analysis.area(db_session, cast[who], province)
    for who in ("site", "site-manager", "admin"):
        with pytest.raises(NotAllowed):
            analysis.area(db_session, cast[who])


def test_measures_are_those_of_the_scorecard(db_session: Any, cast: Cast) -> None:
    lived(cast)
    for _ in range(20):
        sweep.run(db_session, LATE)
    count_all(db_session, LATE)
    span = Span(*analysis.instants(WEEK), LATE)
    facts = scorecard_facts.month_facts(db_session, span)
    wanted = {
        name: sum(getattr(facts[key], name) for key in facts if key != cast.places["440305-01"])
        for name in ("first_reply_due", "first_reply_in_time", "resolve_due", "resolve_in_time", "results")
    }
    found = sums(db_session, cast, "lcs", "measure")
    assert {name: found.get(name, 0) for name in wanted} == wanted
    assert wanted["first_reply_due"] == 5 and wanted["first_reply_in_time"] == 1
    assert found["tickets"] == 5


def test_every_number_leads_to_as_many_tickets(db_session: Any, cast: Cast) -> None:
    lived(cast)
    count_all(db_session, LATE)
    where = analysis.area(db_session, cast["lcs"])

    def n(who: str = "lcs", **asked: Any) -> int:
        area = analysis.area(db_session, cast[who])
        return len(analysis_tickets.page(db_session, cast[who], area, Asked(WEEK, **asked))[0])

    assert n() == 5 and n("ccs") == 6 and n("lcs-2") == 1
    assert n(category="LOST") == 2 and n(site="330108-01") == 1 and n(site="440305-01") == 0
    assert n(weekday=2, hour=12) == 2 and n(weekday=2, hour=13) == 1 and n(weekday=1) == 2 and n("ccs", hour=23) == 1
    assert n(site="330106-01", courier="钱二") == 1 and n(site="330106-01", courier="赵一") == 0
    first_day = Asked(Range(TODAY - DAY, TODAY - DAY))
    assert len(analysis_tickets.page(db_session, cast["lcs"], where, first_day)[0]) == 2
    assert analysis_tickets.count(db_session, cast["lcs"], where, Asked(WEEK), 2**62, 99) == 5
    span = Span(*analysis.instants(WEEK), LATE)
    cases = scorecard_cases.in_span(db_session, cast["lcs"], "33", "results", span, 2**62, 50)
    assert [case.number for _key, case in cases] == [
        db_session.scalars(select(Ticket.number).where(Ticket.result_at.is_not(None))).one()
    ]


def test_the_list_goes_on_page_by_page(db_session: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis_tickets, "PAGE", 2)
    lived(cast)
    area, seen, after = analysis.area(db_session, cast["ccs"]), [], None
    for _ in range(3):
        lines, after = analysis_tickets.page(db_session, cast["ccs"], area, Asked(WEEK), after)
        seen += [line.ticket.number for line in lines]
    assert len(seen) == len(set(seen)) == 6 and after is None


def test_counting_again_replaces_and_withdrawn_ones_are_out(db_session: Any, cast: Cast) -> None:
    lived(cast)
    count_all(db_session, LATE - timedelta(minutes=10))
    rows = db_session.scalar(select(func.count()).select_from(DayFact))
    with write() as session:
        session.execute(update(Ticket).where(Ticket.category == "LOST").values(state="withdrawn"))
    assert count_all(db_session, LATE) == [TODAY]
    assert sums(db_session, cast, "lcs", "category") == {"LOST": 1, "FALSE_SIGN": 3}  # yesterday's waits for the night
    assert db_session.scalar(select(func.count()).select_from(DayFact)) < rows


def test_a_changed_policy_is_among_the_changes(db_session: Any, cast: Cast) -> None:
    with write() as session:
        policies.store_version(session, default_rules(NOON - 2 * DAY, 2))
    found = analysis.changes(db_session, NOON)
    assert [(one.key, one.day) for one in found] == [("policy-2", TODAY - 2 * DAY)]
    assert analysis.changes(db_session, NOON - 3 * DAY) == []


def test_old_days_are_forgotten(db_session: Any, cast: Cast) -> None:
    lived(cast)
    count_all(db_session, LATE)
    day_facts.forget(LATE + 399 * DAY)
    assert db_session.scalar(select(func.min(DayFact.day))) == TODAY
