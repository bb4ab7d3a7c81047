"""What an emergency and a customer's contract make of a policy's limits."""

from __future__ import annotations

from app.domain.clocks import Limit
from app.domain.own_limits import variation

STATED = {"first_reply": Limit(30, "service"), "resolve": Limit(1440, "always"), "legal": Limit(10080, "always")}


def test_an_emergency_replaces_and_a_contract_only_shortens_and_calendars_stay() -> None:
    found = variation({"first_reply": 60, "resolve": 2880}, {"first_reply": 90, "resolve": 300}).of(STATED)
    assert found["first_reply"] == Limit(60, "service") and found["resolve"] == Limit(300, "always")


def test_legal_time_is_never_touched_and_nothing_is_added() -> None:
    assert variation({"legal": 1, "close": 5}, {"legal": 2}).of(STATED) == STATED
    assert variation(None, None).of(STATED) == STATED
