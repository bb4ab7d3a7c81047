"""Contesting: until when, before whom, and who may not decide."""

from __future__ import annotations

from datetime import date, time

import pytest

from app.domain import contests
from app.domain.calendars import at_local
from app.domain.contests import Contested, court_of, why_not
from app.domain.roles import Actor

PROVINCE, ELSEWHERE = 33, 44
DAYS = {date(2026, 12, 1): False}  # a holiday on a Tuesday


def actor(role: str, province: int | None = None, user: int = 1) -> Actor:
    return Actor(user, role, 5, province)


def test_a_month_can_be_contested_until_the_end_of_its_third_working_day() -> None:
    assert contests.contest_until({}, "2026-11") == at_local(date(2026, 12, 3), time(23, 59, 59))
    assert contests.contest_until(DAYS, "2026-11") == at_local(date(2026, 12, 4), time(23, 59, 59))
    assert contests.contest_until({}, "2026-10") == at_local(date(2026, 11, 4), time(23, 59, 59))  # the 1st is a Sunday


def test_a_decision_has_two_working_days_and_so_has_the_final_step() -> None:
    friday = at_local(date(2026, 11, 27), time(15, 0))
    assert contests.decide_until({}, friday) == at_local(date(2026, 12, 1), time(15, 0))
    assert contests.final_until({}, "2026-11", friday) == contests.contest_until({}, "2026-11")
    late = at_local(date(2026, 12, 4), time(9, 0))
    assert contests.final_until({}, "2026-11", late) == at_local(date(2026, 12, 8), time(9, 0))


@pytest.mark.parametrize("more,court", [
    ({}, PROVINCE), ({"amount_fen": 20_000}, PROVINCE), ({"amount_fen": 20_001}, 0), ({"ruled_by": "lcs"}, 0),
    ({"ruled_by": "ccs"}, 0), ({"province_id": None}, 0), ({"step": 2}, 0), ({"raiser": "lcs"}, 0),
])  # fmt: skip
def test_the_province_decides_what_time_alone_made_up_to_200_yuan(more: dict, court: int) -> None:
    asked = {"amount_fen": 5000, "ruled_by": "system", "province_id": PROVINCE, "step": 1, "raiser": "site", **more}
    assert court_of(**asked) == court


@pytest.mark.parametrize("who,court,hands,code", [
    (actor("lcs", PROVINCE), PROVINCE, (), ""), (actor("lcs", ELSEWHERE), PROVINCE, (), "not_yours"),
    (actor("lcs", PROVINCE), 0, (), "for_ccs"), (actor("ccs"), 0, (), ""), (actor("ccs"), PROVINCE, (), ""),
    (actor("lcs", PROVINCE), PROVINCE, (1,), "own_hand"), (actor("ccs_manager"), 0, (1, 2), "own_hand"),
    (actor("site_manager", PROVINCE), PROVINCE, (), "not_yours"), (actor("admin"), 0, (), "not_yours"),
])  # fmt: skip
def test_nobody_decides_outside_their_court_or_on_what_they_had_a_hand_in(who, court, hands, code) -> None:
    assert why_not(Contested(court, hands), who) == code
