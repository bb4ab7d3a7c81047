"""Parties, hops, courts, shares and whose lateness it is (rulebook 3.10)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain import responsibility as rule
from app.domain.responsibility import Candidate, ReplyRun

NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)  # Wednesday 12:00 in Shanghai
MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
SITE, OWN, HOME, FAR = 1, 9, 33, 44


def refused(candidate: Candidate, known: tuple[int, ...] = (), present: int = 0) -> str:
    return rule.refusal(candidate, own_id=OWN, known=known, present=present, most=2, now=NOON)


@pytest.mark.parametrize("kind", ["site", "hub", "department"])
def test_sites_hubs_and_departments_can_be_parties(kind: str) -> None:
    assert refused(Candidate(SITE, kind)) == ""


@pytest.mark.parametrize("kind", ["headquarters", "province", "district"])
def test_nobody_else_can(kind: str) -> None:
    assert refused(Candidate(SITE, kind)) == "not_a_party"


def test_the_own_organisation_a_known_one_and_a_third_are_refused() -> None:
    assert refused(Candidate(OWN, "site")) == "own_organisation"
    assert refused(Candidate(SITE, "site"), known=(SITE,), present=1) == "party_already"
    assert refused(Candidate(SITE, "site"), known=(2, 3), present=1) == ""
    assert refused(Candidate(SITE, "site"), known=(2, 3), present=2) == "too_many_parties"


def test_a_place_that_closes_today_in_shanghai_is_refused() -> None:
    assert refused(Candidate(SITE, "site", closed_from=date(2026, 11, 18))) == "organisation_closed"
    assert refused(Candidate(SITE, "site", closed_from=date(2026, 11, 19))) == ""


def test_a_party_that_another_named_stands_one_hop_further() -> None:
    assert [rule.next_hop(hops) for hops in ([], [1], [1, 2])] == [1, 2, 3]


def test_an_urge_is_possible_again_after_half_an_hour_to_the_second() -> None:
    assert rule.urge_possible_at(None, NOON) == NOON
    assert rule.urge_possible_at(NOON - 30 * MIN, NOON) == NOON
    assert rule.urge_possible_at(NOON - 29 * MIN, NOON) == NOON + MIN


@pytest.mark.parametrize(
    ("site", "parties", "court"),
    [
        (HOME, [HOME], HOME), (HOME, [HOME, HOME], HOME), (HOME, [FAR], 0), (HOME, [HOME, FAR], 0),
        (HOME, [None], 0), (None, [None], 0), (None, [HOME], 0),
    ],
)  # fmt: skip
def test_one_province_rules_on_its_own_and_ccs_on_the_rest(site, parties, court) -> None:
    assert rule.court_of_case(site, parties) == court


def test_a_presumption_is_contestable_for_one_working_day() -> None:
    friday = NOON + timedelta(days=2)
    assert rule.contest_until({}, NOON) == NOON + timedelta(days=1)
    assert rule.contest_until({}, friday) == friday + timedelta(days=3)
    assert rule.contest_until({date(2026, 11, 21): True}, friday) == friday + timedelta(days=1)


@pytest.mark.parametrize(
    ("shares", "errors"),
    [
        ({1: 30, 2: 70}, {}), ({1: 100, 2: 0}, {}),
        ({1: 30, 2: 69}, {1: "shares_not_100", 2: "shares_not_100"}),
        ({1: 31, 2: 70}, {1: "shares_not_100", 2: "shares_not_100"}),
        ({1: None, 2: 100}, {1: "required"}), ({2: 100}, {1: "required"}),
        ({1: -10, 2: 110}, {1: "share_range", 2: "share_range"}),
    ],
)  # fmt: skip
def test_shares_are_whole_and_make_exactly_a_hundred(shares, errors) -> None:
    assert rule.share_errors(shares, [1, 2]) == errors


def run(who: int = SITE, due: datetime = NOON - HOUR, stopped: datetime | None = None, urged=NOON - 2 * HOUR):
    return ReplyRun(who, due, stopped, urged)


@pytest.mark.parametrize(
    ("runs", "liable"),
    [
        ([run()], SITE),
        ([run(urged=None)], None),
        ([run(urged=NOON + MIN)], None),
        ([run(due=NOON + MIN)], None),
        ([run(due=NOON)], SITE),
        ([run(stopped=NOON)], None),
        ([run(stopped=NOON + MIN)], SITE),
        ([run(2, NOON - HOUR), run(3, NOON - 2 * HOUR)], 3),
        ([run(2), run(3, urged=None)], 2),
        ([], None),
    ],
)  # fmt: skip
def test_lateness_is_booked_to_the_urged_party_that_was_late_first(runs, liable) -> None:
    assert rule.late_party(runs, NOON) == liable
