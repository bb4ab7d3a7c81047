"""Values and places of the SMS texts."""

import pytest

from app.domain.sms_templates import (
    CLOCKS,
    PURPOSES,
    filled,
    numbered,
    ordered,
    placeholders,
    purpose_of,
    span,
    values_of,
)

SOON = {"count": 4, "overdue": 0, "minutes": 125, "waybill_tail": "", "clock": "party_reply", "due_time": "14:30"}


def test_a_bundle_with_something_overdue_has_a_purpose_of_its_own():
    assert purpose_of("due_soon", SOON) == "due_soon"
    assert purpose_of("due_soon", {**SOON, "overdue": 1}) == "overdue"
    assert purpose_of("result_link", {"overdue": 1}) == "result_link"


def test_values_are_words_and_never_empty():
    assert values_of("due_soon", SOON) == {
        "count": "4", "waybill_tail": "无", "clock": "责任方答复", "left": "2小时", "due_time": "14:30",
    }  # fmt: skip


def test_a_missing_value_is_an_error_and_not_a_hole_in_the_text():
    with pytest.raises(KeyError):
        values_of("due_soon", {"count": 4})
    with pytest.raises(KeyError):
        ordered("${count} ${name}", {"count": "4"})


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (-5, "0分钟"),
        (0, "0分钟"),
        (59, "59分钟"),
        (60, "1小时"),
        (179, "2小时"),
        (2879, "47小时"),
        (2880, "2天"),
        (20_000, "13天"),
    ],
)
def test_a_time_left_is_rounded_down(minutes, text):
    assert span(minutes) == text


def test_no_value_of_a_reminder_is_longer_than_a_new_account_allows():
    longest = {v.name: v.longest for p in ("due_soon", "overdue", "test") for v in PURPOSES[p].variables}
    assert max(longest.values()) <= 6
    assert all(len(word) <= longest["clock"] for word in CLOCKS.values())
    assert all(len(span(m)) <= longest["left"] for m in range(0, 60 * 24 * 99, 7))


@pytest.mark.parametrize("purpose", PURPOSES.values(), ids=PURPOSES)
def test_a_proposal_uses_its_variables_and_its_samples_fit(purpose):
    assert set(placeholders(purpose.proposal)) == {v.name for v in purpose.variables}
    assert all(0 < len(v.sample) <= v.longest for v in purpose.variables)
    assert "${" not in filled(purpose.proposal, purpose.samples)


def test_tencent_gets_numbered_places_and_values_in_the_order_of_the_text():
    text = "尾号${waybill_tail}，共${count}单"
    assert numbered(text) == "尾号{1}，共{2}单"
    assert list(ordered(text, {"count": "4", "waybill_tail": "8821"}).values()) == ["8821", "4"]
