"""A version of the scoring: what it may hold, and that it survives being stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain.errors import Invalid
from app.domain.scorecards import Facts, complaint_rate, score_of
from app.domain.scoring_scheme import KEYS, check, default_scheme, of_plain

GOOD = default_scheme()


def wrong(**changes: Any) -> set[str]:
    with pytest.raises(Invalid) as refused:
        check(replace(GOOD, **changes))
    return set(refused.value.fields)


def test_the_defaults_are_the_rulebooks_and_are_read_back_as_they_were_stored() -> None:
    check(GOOD)
    assert sum(GOOD.weights.values()) == 100
    assert of_plain(GOOD.plain()) == replace(GOOD, weights=dict(GOOD.weights), scales=dict(GOOD.scales))
    perfect = Facts(tickets=9, first_reply_due=9, first_reply_in_time=9, resolve_due=9, resolve_in_time=9, results=9)
    assert score_of(perfect, GOOD).total_tenths == 1000


def test_everything_wrong_with_a_version_is_named() -> None:
    assert wrong(weights={**GOOD.weights, "audit": 21}) == {"weights"}
    assert wrong(weights={**GOOD.weights, "audit": 121, "result": -1}) >= {"weight-audit", "weight-result"}
    assert wrong(scales={**GOOD.scales, "audit": (850, 850)}) == {"zero-audit"}
    assert wrong(scales={**GOOD.scales, "audit": (1001, 0)}) == {"full-audit"}
    assert wrong(min_cases=0) == {"min_cases"}
    assert wrong(grades=((800, "A"), (900, "B"))) == {"grades"}
    assert wrong(bands=(100, 30)) == {"bands"}


def test_another_version_scores_the_same_facts_otherwise() -> None:
    facts = Facts(tickets=9, first_reply_due=9, first_reply_in_time=8, resolve_due=4, resolve_in_time=0, results=4)
    easy = replace(GOOD, scales=dict.fromkeys(KEYS, (500, 0)), min_cases=9)
    before, after = score_of(facts, GOOD).total_tenths, score_of(facts, easy).total_tenths
    assert (before, after) == (439, 1000)  # first reply 88.9 % of 20 and repeats of 5, spread over 100


@pytest.mark.parametrize(("tickets", "delivered", "rate"), [(3, 100_000, 300), (1, 300_000, 33), (1, 0, None),
                                                             (1, None, None), (5, 1_000_000, 50), (1, 800_000, 13)])  # fmt: skip
def test_the_complaint_rate_is_half_up_in_hundredths(tickets: int, delivered: int | None, rate: int | None) -> None:
    assert complaint_rate(tickets, delivered) == rate
