"""The platform's allowed answers: read with patience, checked without."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.answers import ANSWER_FIELD, Answer, AnswerField, check, find, parse_answers

REPLYS = [
    {
        "reply_value": "COMPENSATE",
        "reply_label": "已赔付",
        "operate_type": 3,
        "reply_supplement": [
            {"field_label": "金额", "field_name": "amount", "field_type": "number", "require": True, "field_value": ""},
            {"field_label": "日期", "field_name": "day", "field_type": "date", "require": "false"},
            {"field_label": "方式", "field_name": "way", "field_type": "select", "field_value": ["微信", "银行"]},
            {"field_label": "票数", "field_name": "n", "field_type": "int", "require": 0},
        ],
    },
    {"reply_value": 2, "reply_label": "已道歉", "operate_type": "2"},
]


def test_answers_come_with_their_fields_in_the_platforms_order():
    first, second = parse_answers(REPLYS)
    assert second == Answer("2", "已道歉", "2")
    assert (first.value, first.label, first.operate_type) == ("COMPENSATE", "已赔付", "3")
    assert first.fields[0] == AnswerField("amount", "金额", "number", True, "")
    assert [field.required for field in first.fields] == [True, False, False, False]
    assert first.fields[2].options == ("微信", "银行")


@pytest.mark.parametrize("raw", [None, "text", 5, {}, {"a": 1, "b": 2}, [], [None, 3, "x", {}, {"reply_value": None}]])
def test_what_cannot_be_read_is_no_answer(raw):
    assert parse_answers(raw) == ()


def test_a_bad_item_never_hides_the_good_ones():
    good = {"reply_value": "A"}
    assert parse_answers([None, good, {"reply_value": []}, {"reply_value": "A", "reply_label": "again"}]) == (
        Answer("A", "A", ""),
    )
    assert parse_answers({"structural_reply": [good]}) == (Answer("A", "A", ""),)
    fields = [{"field_name": "x"}, 3, {"field_name": ""}, {"field_name": "x", "require": True}]
    assert parse_answers([{"reply_value": "A", "reply_supplement": fields}])[0].fields == (
        AnswerField("x", "x", "text", False, ""),
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["reply_value", "reply_label", "operate_type", "reply_supplement", "field_name", "require"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(_JSON)
def test_parsing_never_raises(raw):
    for answer in parse_answers(raw):
        assert answer.value and answer.label


ANSWERS = parse_answers(REPLYS)


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"amount": "20"}, {}),
        ({"amount": " 20.50 "}, {}),
        ({}, {"amount": "required"}),
        ({"amount": "   "}, {"amount": "required"}),
        ({"amount": "nan"}, {"amount": "not_a_number"}),
        ({"amount": "1_000"}, {"amount": "not_a_number"}),
        ({"amount": "二十"}, {"amount": "not_a_number"}),
        ({"amount": "２０"}, {"amount": "not_a_number"}),
        ({"amount": "1", "n": "1.5"}, {"n": "not_a_number"}),
        ({"amount": "1", "day": "2026-13-01"}, {"day": "not_a_date"}),
        ({"amount": "1", "day": "2026-11-22"}, {}),
        ({"amount": "1", "way": "现金"}, {"way": "not_an_option"}),
        ({"amount": "1", "way": "微信", "unasked": "x" * 9000}, {}),
        ({"amount": "1" * 3000}, {"amount": "too_long"}),
    ],
)
def test_fields_are_checked_by_their_type(values, errors):
    assert check(ANSWERS, "COMPENSATE", values) == errors


def test_only_an_allowed_answer_can_be_chosen():
    assert check(ANSWERS, "2", {}) == {}
    assert check(ANSWERS, "", {}) == {ANSWER_FIELD: "required"}
    assert check(ANSWERS, "REFUND", {}) == {ANSWER_FIELD: "unknown_answer"}
    assert find(ANSWERS, "2") == ANSWERS[1]
    assert find(ANSWERS, "REFUND") is None


def test_a_task_without_a_list_allows_any_answer():
    assert check((), "anything", {}) == {}
