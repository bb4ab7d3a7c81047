"""The rules of exported files: numbers that people type, limits by the hour, texts that are never formulas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import exports as rule

NOW = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_a_number_that_is_typed_names_the_export_again(export_id):
    said = rule.label(export_id)
    assert rule.id_of(said) == rule.id_of(f" {said.lower()} ") == export_id


@pytest.mark.parametrize("said", ["", "EX", "EX-1", "ＥＸ１", "EX" + "Z" * 13, "EX" + "1" * 40, "canary!"])
def test_what_is_no_number_names_nothing(said):
    assert rule.id_of(said) is None


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_text_that_a_spreadsheet_would_reckon_with_gets_an_apostrophe(sign):
    assert rule.harmless(f"{sign}1+1") == f"'{sign}1+1"


def test_other_texts_stay_as_they_are():
    assert [rule.harmless(text) for text in ("", "1-1", "'=1", "张三")] == ["", "1-1", "'=1", "张三"]


def test_the_twenty_first_within_an_hour_waits_until_the_first_is_an_hour_old():
    asked = [NOW - timedelta(minutes=n) for n in range(rule.MOST_IN_WINDOW)]
    assert rule.wait(asked, NOW) == (60 - 19) * 60
    assert rule.wait(asked[1:], NOW) == 0
    assert rule.wait(asked, NOW + timedelta(minutes=41)) == 0


def test_a_bar_is_full_only_when_the_file_is_there():
    assert rule.percent(500, 500, "running") == 99
    assert rule.percent(0, 0, "waiting") == 0
    assert rule.percent(0, 0, "done") == 100


def test_no_two_workers_share_a_name_and_all_names_are_known():
    names = rule.every_name("secret", 3, 4)
    assert len(names) == len(set(names)) == 3 * 5 + 3
    used = {rule.page_name("secret", 2, 4), rule.file_name("secret", 3)}
    assert used <= set(names) and not used & set(rule.every_name("other", 3, 4))
