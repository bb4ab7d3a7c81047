"""Whom a rating counts for, when headquarters calls, and a link that nobody can guess."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain import sms_content, surveys
from app.domain.sms_templates import PURPOSES

NOW = datetime(2026, 11, 18, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cause", "shares", "counted"),
    [
        ("courier", [], True), ("station", [], True), ("address", [], True), ("", [], True),
        ("hub", [], False), ("weather", [], False), ("customer", [], False), ("system", [], False),
        ("courier", [(2, None)], True), ("courier", [(2, 49)], True), ("courier", [(2, 50)], False),
        ("courier", [(2, 30), (3, 20)], False), ("courier", [(1, 100)], True),
    ],
)  # fmt: skip
def test_a_rating_does_not_count_where_another_party_caused_the_trouble(cause, shares, counted):
    assert surveys.counts(cause, shares, 1) is counted


@pytest.mark.parametrize(("score", "due"), [(1, NOW), (2, NOW), (3, None), (5, None), (None, NOW + timedelta(days=2))])
def test_a_low_rating_is_called_back_at_once_and_none_after_two_days(score, due):
    assert surveys.call_due(score, 2, NOW, 2) == due


@pytest.mark.parametrize(
    ("outcome", "calls", "again"),
    [("no_answer", 1, 4), ("busy", 1, 4), ("number_off", 1, 4), ("no_answer", 2, 0), ("reached", 1, 0), ("declined", 1, 0)],
)  # fmt: skip
def test_who_was_not_reached_is_tried_once_more_after_four_hours(outcome, calls, again):
    assert surveys.after_call(outcome, calls, NOW, 4) == (NOW + timedelta(hours=again) if again else None)


def test_the_link_is_the_same_every_time_and_another_for_every_survey_and_key():
    token = surveys.token("key", 1)
    assert surveys.TOKEN.fullmatch(token) and token == surveys.token("key", 1)
    assert len({token, surveys.token("key", 2), surveys.token("other", 1)}) == 3


@pytest.mark.parametrize("driver", ["aliyun", "tencent"])
def test_the_proposed_text_passes_both_gateways_rules_and_is_one_part(driver):
    found = sms_content.lint(
        PURPOSES["survey_link"].proposal, purpose="survey_link", driver=driver, signature="快复", signatures=("快复",),
        link_hosts=("kuaifu.example.com",),
    )  # fmt: skip
    assert [one.code for one in found if one.serious] == []
    assert "parts" not in {one.code for one in found}
    assert sms_content.value_faults("survey_link", {"token": surveys.token("key", 1)}) == ()
