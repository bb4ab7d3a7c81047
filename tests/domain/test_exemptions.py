"""Who may decide an exemption, role by role, with the expectation written by hand (rulebook 4, roles table)."""

from __future__ import annotations

import pytest

from app.domain.exemptions import NETWORK, Asked, why_not
from app.domain.roles import ROLES, Actor

HOME, AWAY = 33, 44
PEOPLE = {role: Actor(n, role, HOME, HOME) for n, role in enumerate(ROLES, start=1)}
ONE = {
    "site_clerk": False, "site_manager": False, "lcs": True, "lcs_manager": True, "ccs": False, "ccs_manager": True,
    "admin": False,
}  # fmt: skip
CASES = {
    "one ticket": (Asked("other", 1, provinces=(HOME,)), ONE),
    "five tickets": (Asked("other", 5, provinces=(HOME,)), ONE),
    "six tickets": (Asked("other", 6, provinces=(HOME,)), {**ONE, "lcs": False}),
    "another province": (Asked("other", 1, provinces=(AWAY,)), {**ONE, "lcs": False, "lcs_manager": False}),
    "two provinces": (Asked("other", 2, provinces=(HOME, AWAY)), {**ONE, "lcs": False, "lcs_manager": False}),
    "an area": (Asked("other", 0, area=HOME), {**ONE, "lcs": False, "lcs_manager": False}),
    "the network": (Asked("other", 0, area=NETWORK), {**ONE, "lcs": False, "lcs_manager": False}),
    "unconfirmed fault": (Asked("system_fault", 1, provinces=(HOME,)), dict.fromkeys(ONE, False)),
    "real fault": (Asked("system_fault", 1, provinces=(HOME,), system_real=True), ONE),
    "no such fault": (Asked("system_fault", 1, provinces=(HOME,), system_real=False), dict.fromkeys(ONE, False)),
}


@pytest.mark.parametrize("name", CASES)
def test_each_role_decides_what_the_rulebook_gives_it(name: str) -> None:
    asked, expected = CASES[name]
    assert {role: not why_not(asked, PEOPLE[role], granting=True) for role in ROLES} == expected


def test_a_fault_that_was_none_can_still_be_refused() -> None:
    asked = Asked("system_fault", 1, provinces=(HOME,), system_real=False)
    assert why_not(asked, PEOPLE["lcs"], granting=False) == ""


def test_nobody_decides_on_what_they_wrote_or_acted_in() -> None:
    for role in ("lcs", "lcs_manager", "ccs_manager"):
        asked = Asked("other", 1, provinces=(HOME,), hands={PEOPLE[role].user_id})
        assert why_not(asked, PEOPLE[role], granting=False) == "own_hand"
