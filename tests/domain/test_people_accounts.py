"""Accounts as typed: names, roles and the organisations in which they sit, files of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain import people_accounts as rule
from app.domain.errors import Invalid
from app.domain.people_accounts import AccountIn
from app.domain.roles import ROLES


def typed(**other: str) -> AccountIn:
    return AccountIn(**{"account": "li.lei", "name": "李雷", "role": "site_clerk", "organisation": "330106-01"} | other)


def test_a_good_account_has_no_faults() -> None:
    assert rule.faults(typed(), "site") == {}


@pytest.mark.parametrize("account", ["", "a", "-ab", "a b", "李雷", "a" * 65, "a\nb", "a/b", "<b>"])
def test_an_account_is_called_by_letters_digits_and_few_signs(account: str) -> None:
    assert rule.faults(typed(account=account), "site") == {"account": "bad_account"}


@pytest.mark.parametrize("account", ["ab", "A1", "clerk-330106-01", "li.lei@example.com", "a" * 64])
def test_usual_names_of_accounts_are_taken(account: str) -> None:
    assert rule.faults(typed(account=account), "site") == {}


@pytest.mark.parametrize(("name", "fault"), [("", "required"), ("长" * 61, "too_long")])
def test_a_person_has_a_name_of_at_most_60_characters(name: str, fault: str) -> None:
    assert rule.faults(typed(name=name), "site") == {"name": fault}


@pytest.mark.parametrize(("role", "kind", "fits"), [
    ("site_clerk", "site", True), ("site_clerk", "hub", True), ("site_manager", "department", True),
    ("site_clerk", "province", False), ("site_manager", "headquarters", False), ("site_clerk", "district", False),
    ("lcs", "province", True), ("lcs_manager", "site", False), ("lcs", "headquarters", False),
    ("ccs", "headquarters", True), ("ccs_manager", "province", False),
    ("admin", "headquarters", True), ("admin", "site", False),
])  # fmt: skip
def test_a_role_sits_where_its_scope_is(role: str, kind: str, fits: bool) -> None:
    assert rule.faults(typed(role=role), kind) == ({} if fits else {"organisation": "not_for_role"})


def test_every_role_has_a_place() -> None:
    assert all(rule.places_of(role) for role in ROLES) and not rule.places_of("king")


def test_what_does_not_exist_is_told_at_its_field() -> None:
    assert rule.faults(typed(role="king"), None) == {"role": "unknown_role", "organisation": "unknown_organisation"}
    assert rule.faults(typed(role="", organisation=""), None) == {"role": "required", "organisation": "required"}


def test_a_first_password_may_wait_a_week_and_a_new_one_half_an_hour() -> None:
    assert rule.link_life(has_password=True) == timedelta(minutes=30)
    assert rule.link_life(has_password=False) == timedelta(days=7)


def test_a_file_is_read_by_its_columns_in_any_order_with_the_number_of_each_line() -> None:
    text = "\ufeffrole, name ,account,organisation,x\nlcs, 韩梅梅 ,hmm,33,y\n\nsite_clerk,李雷,ll,330106-01,\n"
    assert rule.read_csv(text) == [
        (2, AccountIn("hmm", "韩梅梅", "lcs", "33")), (4, AccountIn("ll", "李雷", "site_clerk", "330106-01")),
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "fault"), [
    ("", "account_columns"), ("account,name,role\na,b,c\n", "account_columns"),
    ("account,name,role,organisation\n", "required"),
    ("account,name,role,organisation\n" + "a,b,c,d\n" * (rule.MOST_ROWS + 1), "too_many_accounts"),
    ("account,name,role,organisation\n" + "x" * 200_000 + ",b,c,d\n", "not_csv"),
])  # fmt: skip
def test_a_file_that_is_none_is_refused_in_a_word(text: str, fault: str) -> None:
    with pytest.raises(Invalid) as caught:
        rule.read_csv(text)
    assert caught.value.fields == {"text": fault}


def test_a_short_line_and_a_long_one_are_told_by_their_fields_and_break_nothing() -> None:
    rows = rule.read_csv("account,name,role,organisation\nonly\na,b,c,d,e,f\n")
    assert rows == [(2, AccountIn("only", "", "", "")), (3, AccountIn("a", "b", "c", "d"))]
