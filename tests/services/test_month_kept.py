"""Counts of a running month that are kept for a while: for whom, how long, and for whom not."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.domain.roles import SYSTEM
from app.domain.scorecards import Facts
from app.extensions import db
from app.models import Standing
from app.services import month_books, month_freeze, month_kept, month_plan, scorecard_facts, scoring_schemes, standings
from app.services.month_books import Counted
from app.services.scorecard_facts import Span
from app.services.scorecards import Card, Listing, province_list, site_month
from tests.services.test_scorecards import HOUR, MONTH, NOW, OCTOBER, Network, local

SITE, OTHER = "330106-01", "330108-01"
LATER = NOW + timedelta(minutes=4, seconds=59)
MINUTES_5 = timedelta(minutes=5)


@pytest.fixture
def network(db_session: Any) -> Network:
    return Network(db_session)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    month_kept.forget()
    yield
    month_kept.forget()


@pytest.fixture
def big(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network whose month takes long to count: ten seconds, so that it is kept as long as anything is."""
    watch = itertools.count(0, 10)
    monkeypatch.setattr(month_kept, "SLOW", 1.0)
    monkeypatch.setattr(month_kept, "monotonic", lambda: next(watch))


def card(code: str = SITE, now: datetime = NOW, month: str = MONTH, sparing: bool = True) -> Card:
    return site_month(actor=SYSTEM, month=month, organisation_code=code, now=now, sparing=sparing)


def listing(now: datetime = NOW, which: str = "sites", sparing: bool = True) -> Listing:
    return province_list(actor=SYSTEM, month=MONTH, now=now, which=which, sparing=sparing)


def tickets_of(found: Listing, code: str = SITE) -> int:
    return next(line.facts.tickets for line in found.lines if line.site.code == code)


def counted(session: Any, now: datetime = NOW, month: str = MONTH) -> Counted:
    return month_kept.counted(session, Span.of(month, now), scoring_schemes.of_month(session, month))


# --- whose counts are kept ---


def test_a_sites_own_figures_are_those_of_now_and_only_the_others_are_kept(network: Network, big: None) -> None:
    network.answered(6, late=1)
    network.answered(20, late=1, site=OTHER)
    first = card()
    assert (first.kept_at, first.rank, first.facts.tickets) == (None, (2, 2), 6)
    network.answered(20)
    network.answered(6, site="440305-01")
    again, exact = card(now=LATER), card(now=LATER, sparing=False)
    assert (again.kept_at, again.facts.tickets, again.rank) == (NOW, 26, (1, 2))
    assert (exact.score, exact.facts, exact.rank) == (again.score, again.facts, (2, 3))
    stood = month_kept.counted(network.session, Span.of(MONTH, LATER), scoring_schemes.of_month(network.session, MONTH))
    assert stood.facts[network.ids[SITE]].tickets == 6, "the kept counts stay as they were"


def test_a_site_that_has_lost_its_cases_has_none_on_its_card(network: Network, big: None) -> None:
    ticket = network.ticket()
    assert card().facts.tickets == 1
    ticket.state = "withdrawn"
    network.session.commit()
    assert (card(now=LATER).facts, card(now=LATER).kept_at) == (Facts(), NOW)


def test_a_site_that_is_set_up_meanwhile_has_its_card(network: Network, big: None) -> None:
    network.answered(6)
    card("33")
    network.session.add(month_books.Organisation(id=9100, code="330109-01", kind="site", name="新", name_en="new",
                                                 province_id=network.ids["33"]))  # fmt: skip
    network.session.add(month_books.Organisation(id=9101, code="55", kind="province", name="新省", name_en="new"))
    network.session.commit()
    network.ids["330109-01"] = 9100
    network.answered(7, site="330109-01")
    found = card("330109-01", LATER)
    assert (found.facts.tickets, found.rank, found.kept_at) == (7, (1, 2), NOW)
    assert card("55", LATER).facts == Facts()


@pytest.mark.parametrize("code", ["33", "HQ"])
def test_a_provinces_and_headquarters_figures_may_be_kept_ones_and_say_from_when(
    network: Network, big: None, code: str
) -> None:
    network.answered(6)
    first = card(code)
    network.answered(6, site=OTHER)
    again = card(code, LATER)
    assert (first.facts.tickets, first.kept_at) == (6, None)
    assert (again.facts.tickets, again.kept_at) == (6, NOW)
    assert card(code, LATER, sparing=False).facts.tickets == 12


def test_the_month_before_of_a_province_is_kept_too_and_the_older_of_both_is_told(network: Network, big: None) -> None:
    at = local("2026-11-05 10:00")
    for n in range(6):
        network.clock(network.ticket(at), at, at - HOUR if n else at + HOUR, state="met")
        network.clock(network.ticket(), OCTOBER, OCTOBER - HOUR, state="met")
    card("33", NOW - HOUR / 60)
    first = card("33", NOW, "2026-11")
    network.clock(network.ticket(), OCTOBER, OCTOBER + HOUR, state="breached")
    again = card("33", LATER - HOUR / 60, "2026-11")
    assert first.previous_tenths == again.previous_tenths == 1000
    assert (first.kept_at, again.kept_at) == (NOW - HOUR / 60, NOW - HOUR / 60)
    network.clock(network.ticket(), OCTOBER, OCTOBER + HOUR, state="breached")
    assert (card(SITE, LATER, "2026-11").previous_tenths or 0) < 1000, "a site's month before is counted now"


def test_the_list_may_be_kept_and_says_from_when(network: Network, big: None) -> None:
    network.answered(6)
    first = listing()
    network.answered(1)
    assert [(tickets_of(one), one.kept_at) for one in (first, listing(LATER))] == [(6, None), (6, NOW)]
    assert listing(LATER, "provinces").kept_at == NOW


# --- for how long ---


def test_what_is_kept_is_dropped_after_five_minutes(network: Network, big: None) -> None:
    network.answered(6)
    listing()
    network.answered(1)
    assert [tickets_of(listing(NOW + wait)) for wait in (MINUTES_5 - HOUR / 3600, MINUTES_5)] == [6, 7]
    assert listing(NOW + MINUTES_5 + HOUR / 60).kept_at == NOW + MINUTES_5


def test_it_is_kept_fifty_times_as_long_as_it_took(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = itertools.count(0, 2)
    monkeypatch.setattr(month_kept, "SLOW", 1.0)
    monkeypatch.setattr(month_kept, "monotonic", lambda: next(watch))
    network.answered(6)
    listing()
    found = [listing(NOW + timedelta(seconds=wait)).kept_at for wait in (99, 100)]
    assert found == [NOW, None]


def test_a_small_house_counts_anew_at_each_look(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = itertools.count(0.0, 0.9)
    monkeypatch.setattr(month_kept, "SLOW", 1.0)
    monkeypatch.setattr(month_kept, "monotonic", lambda: next(watch))
    for n in (1, 2, 3):
        network.ticket()
        assert (tickets_of(listing()), card().facts.tickets, card("HQ").facts.tickets) == (n, n, n)
        assert (listing().kept_at, card().kept_at) == (None, None)


def test_a_clock_that_goes_back_makes_nothing_last(network: Network, big: None) -> None:
    network.answered(6)
    listing()
    assert listing(NOW - MINUTES_5).kept_at is None


def test_few_months_are_kept_and_the_oldest_goes_first(network: Network, big: None, db_session: Any) -> None:
    asked = [f"2026-{n:02}" for n in (10, 9, 8, 7)]
    for n, month in enumerate(asked):
        counted(db_session, NOW + timedelta(seconds=n), month)
    assert [counted(db_session, LATER, month).at is not None for month in reversed(asked)] == [True] * 3 + [False]


def test_what_nobody_asks_for_any_more_is_forgotten(network: Network, big: None, db_session: Any) -> None:
    counted(db_session, NOW, "2026-09")
    counted(db_session, NOW + MINUTES_5)
    assert [shelf.kept is not None for shelf in month_kept._shelves.values()] == [False, True]


# --- what never takes from it ---


def test_a_frozen_month_never_uses_it(network: Network, big: None, db_session: Any) -> None:
    network.answered(6)
    listing()
    month_freeze.freeze(actor=replace(SYSTEM, role="ccs_manager"), month=MONTH, now=NOW)
    network.answered(2)
    assert (card(now=LATER).kept_at, listing(LATER).kept_at) == (None, None)
    found = counted(db_session, LATER)
    assert (found.at, found.facts[network.ids[SITE]].tickets) == (None, 8)


def test_the_freeze_its_preview_the_board_and_what_is_handed_on_count_anew(
    network: Network, big: None, db_session: Any
) -> None:
    network.answered(6)
    listing()
    network.answered(20, late=20)
    exact = month_plan.preview(db_session, MONTH, LATER)
    assert standings.renew(LATER)
    scores = dict(
        db_session.execute(select(Standing.organisation_id, Standing.score).where(Standing.month == MONTH)).all()
    )
    assert scores[network.ids[SITE]] == card(now=LATER).score.total_tenths != listing(LATER).lines[0].score.total_tenths
    assert (
        exact.network_tenths
        == card("HQ", LATER, sparing=False).score.total_tenths
        != card("HQ", LATER).score.total_tenths
    )
    assert tickets_of(listing(LATER, sparing=False)) == 26
    frozen = month_freeze.freeze(actor=replace(SYSTEM, role="ccs_manager"), month=MONTH, now=LATER)
    assert frozen and card(now=LATER).facts.tickets == 26 and card("HQ", LATER).facts.tickets == 26


# --- several databases, several threads ---


def test_two_databases_do_not_mix(network: Network, big: None, db_session: Any) -> None:
    network.answered(6)
    listing()
    other = create_engine(db.engine.url.update_query_dict({"application_name": "other"}) if db.engine.dialect.name != "sqlite"
                          else db.engine.url.set(database=f"file:{db.engine.url.database}", query={"uri": "true"}))  # fmt: skip
    with Session(other) as session:
        assert counted(session).at is None
    other.dispose()
    assert counted(db_session).at == NOW


def test_of_two_threads_one_counts_and_the_other_takes_what_it_found(
    app: Any, network: Network, big: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.answered(6)
    begun, go, calls = threading.Event(), threading.Event(), []
    count = scorecard_facts.month_facts

    def slowly(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        begun.set()
        assert go.wait(20)
        return count(*arguments, **named)

    monkeypatch.setattr(scorecard_facts, "month_facts", slowly)
    found: list[Counted] = []

    def look(now: datetime) -> None:
        with app.app_context():
            found.append(counted(db.session(), now))
            db.session.remove()

    threads = [threading.Thread(target=look, args=(NOW - n * HOUR / 3600,)) for n in (0, 1)]
    threads[0].start()
    assert begun.wait(20)
    threads[1].start()
    threads[1].join(0.2)
    waits = threads[1].is_alive()
    go.set()
    for one in threads:
        one.join(20)
    assert waits and len(calls) == 1
    assert [one.at for one in found] == [None, NOW]
    assert found[0].facts == found[1].facts
