"""The sample can be drawn again by anybody, holds minimum and cap, and looks first where something is wrong."""

from __future__ import annotations

import os
import random
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import audit_policy, audit_sample
from app.domain.audit_policy import AuditPolicy
from app.domain.audit_sample import APPEAL, RED_FLAG, SAMPLE, Candidate, Plan, Stratum, draw, quota

WHOLE_MONTH = Plan(10, 5, 10, 30, 30)


def results(n: int, site: int = 1, why: str = SAMPLE, start: int = 1) -> list[Candidate]:
    return [Candidate(start + k, site, why) for k in range(n)]


@st.composite
def pools(make):
    sites = make(st.lists(st.integers(1, 9), min_size=1, max_size=5, unique=True))
    candidates, strata, next_id = [], {}, 1
    for site in sites:
        n, drawn = make(st.integers(0, 130)), make(st.integers(0, 12))
        whys = make(st.lists(st.sampled_from([SAMPLE, SAMPLE, SAMPLE, RED_FLAG, APPEAL]), min_size=n, max_size=n))
        candidates += [Candidate(next_id + k, site, why) for k, why in enumerate(whys)]
        next_id += n
        strata[site] = Stratum(n + drawn, drawn, make(st.sampled_from([100, 200, 300])))
    plan = Plan(
        make(st.integers(1, 100)), make(st.integers(0, 8)), make(st.integers(8, 12)), make(st.integers(1, 30)), 30
    )
    return candidates, strata, plan


@settings(max_examples=50)
@given(pools(), st.text("0123456789abcdef", min_size=32, max_size=32), st.randoms(use_true_random=False))
def test_the_same_seed_draws_the_same_whatever_the_order_of_the_rows(pool, seed, shuffle: random.Random):
    candidates, strata, plan = pool
    mixed = list(candidates)
    shuffle.shuffle(mixed)
    assert draw(seed, mixed, dict(reversed(strata.items())), plan) == draw(seed, candidates, strata, plan)


@settings(max_examples=50)
@given(pools(), st.text("0123456789abcdef", min_size=32, max_size=32))
def test_minimum_and_cap_hold_for_every_site_over_the_month_so_far(pool, seed):
    candidates, strata, plan = pool
    taken = draw(seed, candidates, strata, plan)
    assert len({one.id for one in taken}) == len(taken)
    for site, stratum in strata.items():
        mine = [one for one in taken if one.stratum == site]
        open_ones = [one for one in candidates if one.stratum == site]
        assert plan.cap is not None and (not mine or stratum.drawn + len(mine) <= plan.cap)
        spread = -(-plan.minimum * plan.elapsed // plan.days)
        least = min(spread, stratum.results, plan.cap)
        assert stratum.drawn + len(mine) >= min(least, stratum.drawn + len(open_ones))
        flagged = [one for one in open_ones if one.why != SAMPLE]
        left_out = [one for one in flagged if one not in mine]
        assert not left_out or all(one.why != SAMPLE for one in mine)


@pytest.mark.parametrize(
    ("given_results", "wanted"), [(0, 0), (3, 3), (5, 5), (40, 5), (50, 5), (51, 6), (100, 10), (900, 10)]
)
def test_ten_percent_at_least_five_or_all_at_most_ten(given_results: int, wanted: int):
    assert quota(WHOLE_MONTH, Stratum(given_results, 0)) == wanted


def test_the_minimum_is_spread_over_the_month_so_that_its_first_results_are_not_all_of_it():
    by_day = [quota(replace(WHOLE_MONTH, elapsed=day), Stratum(40, 0)) for day in (1, 6, 7, 24, 25, 30)]
    assert by_day == [4, 4, 4, 4, 5, 5]
    assert [quota(replace(WHOLE_MONTH, elapsed=day), Stratum(9, 0)) for day in (1, 6, 7, 30)] == [1, 1, 2, 5]


def test_red_flags_and_appeals_go_first_even_beyond_the_share():
    candidates = [*results(50), *results(4, why=RED_FLAG, start=101), *results(3, why=APPEAL, start=201)]
    taken = draw("seed", candidates, {1: Stratum(57, 0)}, Plan(10, 0, 10, 30, 30))
    assert sorted(one.id for one in taken) == [101, 102, 103, 104, 201, 202, 203]
    many = draw("seed", results(25, why=RED_FLAG), {1: Stratum(25, 4)}, WHOLE_MONTH)
    assert len(many) == 6  # the cap is the month's


@pytest.mark.parametrize(("new", "offender", "wanted"), [(False, False, 8), (True, False, 16), (True, True, 24)])
def test_new_sites_and_repeat_offenders_are_looked_at_more_often(new: bool, offender: bool, wanted: int):
    policy = AuditPolicy(minimum=0, cap=100, new_site_percent=200, offender_percent=300)
    site = Stratum(80, 0, audit_sample.weight(policy, new=new, offender=offender))
    assert quota(audit_sample.plan_of(policy, 30, 30), site) == wanted


def test_another_seed_draws_others_and_the_zone_of_the_machine_has_no_say(monkeypatch):
    pool, strata = results(200), {1: Stratum(200, 0)}
    here = draw("a", pool, strata, WHOLE_MONTH)
    assert draw("b", pool, strata, WHOLE_MONTH) != here
    monkeypatch.setitem(os.environ, "TZ", "America/New_York")
    time.tzset()
    assert draw("a", pool, strata, WHOLE_MONTH) == here
    monkeypatch.undo()
    time.tzset()
    assert [one.id for one in here] == [63, 68, 121, 117, 192, 191, 11, 170, 19, 171]  # as sha256sum orders them


def test_every_number_is_checked_and_the_defaults_pass():
    typed = {name: str(value) for name, value in AuditPolicy().numbers().items()}
    assert audit_policy.parse(typed) == (AuditPolicy().numbers(), {})
    wrong = typed | {"share_percent": "0", "minimum": "-1", "cap": "many"}
    assert audit_policy.parse(wrong)[1] == {
        "share_percent": "out_of_range", "minimum": "not_a_number", "cap": "not_a_number",
    }  # fmt: skip
    assert audit_policy.parse(typed | {"cap": "3"})[1] == {"cap": "cap_below_minimum"}
    assert audit_policy.parse(typed | {"survey_open_days": "3"})[1] == {"survey_remind_days": "remind_after_end"}
