"""Names that stand in lines beside others."""

from __future__ import annotations

import pytest

from app.domain import calendar_text, customers
from app.domain.masking import mask_name
from app.domain.names import plain
from app.domain.organisation_rows import read
from app.domain.people_accounts import AccountIn, cleaned

TURNED = " 西湖\u202e站\u200b \r\n\x07一\u2066 "


@pytest.mark.parametrize("name", ["西湖文三站", "Wensan (Xihu)", "王芳", "O'Neill 3号", "\ue863家站", "𠮷野"])
def test_a_usual_name_stays_as_it_is(name: str) -> None:
    assert plain(name) == name


def test_no_name_of_an_organisation_or_a_person_turns_the_rest_of_its_line_or_breaks_it() -> None:
    entry, wrong = read({"code": "X1", "name": TURNED, "name_en": TURNED}, None)
    assert (entry.name, entry.name_en, wrong) == ("西湖站 一", "西湖站 一", {})
    assert cleaned(AccountIn("x1", TURNED, "site_clerk", "X1")).name == "西湖站 一"
    assert plain("\u202e\u200b") == ""


def test_no_name_in_a_list_of_customers_or_of_days_turns_the_rest_of_its_line_round() -> None:
    ((_line, account),) = customers.read_csv("code,name\nC1,西湖\u202e站\x07\n")
    days, wrong = calendar_text.parse_days("2027-10-01,holiday,国庆\u202e\u2066", 2027)
    assert (account.name, [day.name for day in days], wrong) == ("西湖站", ["国庆"], [])


def test_of_a_masked_name_a_sign_is_kept_that_can_be_seen() -> None:
    assert mask_name(f"\u202e{TURNED}") == "西**" and mask_name("\u202e\u200b") == ""
