"""Templates: who keeps which, what is refused, what is offered first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain import placeholders
from app.domain import reply_templates as rule
from app.domain.roles import ROLES, Actor
from tests.cast import NOON

KEEPERS = {
    "own": {"site_clerk", "site_manager", "lcs", "lcs_manager", "ccs", "ccs_manager"},
    "team": {"site_manager", "lcs_manager"},
    "company": {"ccs_manager", "admin"},
}


@pytest.mark.parametrize("scope", rule.SCOPES)
def test_each_scope_is_kept_by_its_head(scope: str) -> None:
    assert {role for role in ROLES if rule.may_keep(Actor(1, role, 2, 3), scope)} == KEEPERS[scope]
    assert not any(rule.may_keep(Actor(1, role, 2, 3), "everybody") for role in ROLES)


@pytest.mark.parametrize(
    ("title", "text", "box", "wrong"),
    [
        ("致歉", "{{客户}}您好", "result", {}),
        (" ", "", "", {"title": "required", "text": "required"}),
        ("字" * 41, "字" * 1001, "", {"title": "too_long", "text": "too_long"}),
        ("致歉", "{{电话}}您好", "", {"text": "unknown_placeholder"}),
        ("致歉", "好", "courier_sms", {"box": "invalid"}),
    ],
)
def test_what_is_wrong_is_named_by_field(title: str, text: str, box: str, wrong: dict[str, str]) -> None:
    assert rule.errors(title, text, box) == wrong


def test_an_empty_filter_suits_every_ticket_and_another_one_its_own_alone() -> None:
    at = {"ticket_category": "LOST", "ticket_box": "result"}
    assert rule.suits("", "", **at) and rule.suits("LOST", "result", **at)
    assert not rule.suits("DAMAGED", "", **at) and not rule.suits("LOST", "follow_up", **at)


def test_the_five_used_last_stand_first() -> None:
    used = {n: NOON + timedelta(minutes=n) for n in range(8)}
    assert rule.recent(used) == [7, 6, 5, 4, 3]


def test_every_placeholder_has_a_chinese_and_an_english_name() -> None:
    assert set(placeholders.CHINESE) == {key for name, key in placeholders.NAMES.items() if name == key}
