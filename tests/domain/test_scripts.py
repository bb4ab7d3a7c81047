"""Scripts: what is asked, what is answered, and what the answers fill in."""

from __future__ import annotations

import pytest

from app.domain import scripts as rule

ASKED = rule.parse(
    [
        {"key": "self", "label": "本人签收吗", "kind": "yesno", "target": "text"},
        {"key": "who", "label": "谁签的", "kind": "text", "target": "signed_by"},
        {"key": "measure", "label": "怎么处理", "kind": "choice", "target": "action_taken", "options": ["found", "redelivered"]},
        {"key": "place", "label": "问过哪里", "kind": "text", "target": "log"},
        {"key": "when", "label": "何时再送", "kind": "text", "target": "text"},
        {"key": "sign_place", "label": "地点", "kind": "text", "target": "supplement"},
    ]
)  # fmt: skip


def test_answers_fill_the_result_form_by_their_targets() -> None:
    said = {"self": "否", "who": "门卫", "measure": "found", "place": "前台", "when": "今晚", "sign_place": "门口"}
    assert rule.filled(ASKED, said) == {
        "text": "经电话核实：本人签收吗：否；何时再送：今晚。", "finding_signed_by": "门卫", "action_taken": "found",
        "supplement-self": "否", "supplement-who": "门卫", "supplement-measure": "found", "supplement-when": "今晚",
        "supplement-sign_place": "门口",
    }  # fmt: skip


def test_a_yes_is_told_to_the_customer_as_a_statement() -> None:
    assert rule.filled(ASKED, {"self": "是"})["text"] == "经电话核实：本人签收。"
    assert rule.spoken(ASKED, {"self": "是"}) == "本人签收吗：是"  # the log keeps question and answer


def test_only_what_was_asked_and_offered_is_kept() -> None:
    typed = {"self": "也许", "who": " 门卫 ", "measure": "stolen", "nobody": "x", "place": ""}
    assert rule.answered(ASKED, typed) == {"who": "门卫"}


def test_a_measure_is_not_told_as_a_code() -> None:
    assert rule.spoken(ASKED, {"measure": "found", "who": "门卫"}) == "谁签的：门卫"


@pytest.mark.parametrize("bad", [{"label": " ", "kind": "text"}, {"label": "x", "kind": "choice", "options": ["one"]}])
def test_an_edited_script_has_words_and_choices(bad: dict) -> None:
    assert list(rule.errors(rule.parse([bad])).values()) in (["required"], ["two_options"])
