"""A mapping file is checked as a whole, so that a stranger sees every mistake at once."""

from __future__ import annotations

import pytest

from app.domain.clocks import Limit
from app.domain.history_match import Patterns, fill
from app.domain.history_toml import MappingError, read

SMALL = """
name = "old-system"
[columns]
ticket = "id"
at = "time"
state = ["status", "sub"]
[states]
"Accepted / *" = "in_progress"
"Accepted / Wait - User" = { to = "in_progress", pauses = true }
"Completed / Closed" = "closed"
[policy]
hours = 72
by_priority = { urgent = 4.5 }
[[groups]]
match = "* 2nd"
organisation = "44-{1}"
level = 1
parent = "44"
[[groups]]
match = ["V5", "V7"]
organisation = "330106-01"
"""


def faults(text: str) -> str:
    with pytest.raises(MappingError) as raised:
        read(text)
    return "\n".join(raised.value.faults)


def test_a_small_mapping_is_complete():
    made = read(SMALL)
    assert made.columns.state == ("status", "sub")
    assert made.zone.key == "Asia/Shanghai"
    assert made.policy.limit_for("high") == Limit(72 * 60, "always")
    assert made.policy.limit_for("urgent") == Limit(270, "always")
    assert not made.effects.remind and not made.effects.fine and not made.effects.send


def test_an_exact_state_wins_over_a_pattern_that_stands_before_it():
    states = read(SMALL).states
    assert states.value("Accepted / Wait - User").pauses
    assert not states.value("Accepted / Assigned").pauses
    assert states.value("Queued / Awaiting") is None


def test_a_star_of_a_group_goes_into_the_code_of_its_organisation():
    unit = read(SMALL).unit("G97 2nd")
    assert (unit.code, unit.level, unit.name) == ("44-G97", 1, "G97 2nd")
    assert read(SMALL).unit("V7").code == "330106-01"
    assert read(SMALL).unit("G97 3rd") is None


def test_characters_of_regular_expressions_mean_themselves():
    assert Patterns([("a.b (*)", 1)]).find("a.b (c)") == (1, ("a.b (c)", "c"))
    assert Patterns([("a.b", 1)]).find("axb") is None
    assert fill("{1}-{0}", ("whole", "part")) == "part-whole"


def test_every_mistake_is_told_with_its_place():
    told = faults("""
name = "Old System"
titel = "x"
[columns]
ticket = "id"
state = 5
[time]
zone = "Mars/Olympus"
[states]
"Open" = "opened"
"Appealed" = "appealed"
[policy]
hours = -1
calendar = "moon"
[[groups]]
match = 7
level = 9
[priorities]
"1" = "asap"
[defaults]
priority = "asap"
[effects]
remind = "yes"
[cut]
until = "tomorrow"
""")
    for place in (
        "name:", "titel:", "columns.at:", "columns.state:", "time.zone:", "states.Open.to:", "states.Appealed.to:",
        "policy.hours:", "policy.calendar:", "groups[1].match:", "groups[1].level:", "groups[1].organisation:",
        "priorities.1:", "defaults.priority:", "effects.remind:", "cut.until:",
    ):  # fmt: skip
        assert place in told, place


def test_a_file_without_states_or_limit_is_refused():
    told = faults('name = "x"\n[columns]\nticket = "a"\nat = "b"\nstate = "c"\n')
    assert "states: is missing" in told and "policy.hours: is missing" in told


def test_what_is_not_toml_is_told_with_its_line():
    assert "line 2" in faults("name = 'x'\n= 3\n")
