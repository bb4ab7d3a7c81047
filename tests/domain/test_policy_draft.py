"""A drafted version is checked line by line, and gives every ticket every limit."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain.calendars import Calendar, standard_calendars
from app.domain.clocks import Limit
from app.domain.policies import CLOCKS, Facts, basis_of, deciding, default_rules, limits_for
from app.domain.policy_draft import DraftLine, faults, lines_of, rules_of

NOW = datetime(2026, 11, 18, 4, tzinfo=UTC)
RULES = default_rules(NOW)
LINES = lines_of(RULES)
CALENDARS = {**standard_calendars({}), "brief": Calendar(((NOW.time(), NOW.replace(minute=1).time()),))}
URGENT = Facts("complaint", "LOST", "urgent", "platform", None, NOW)


def wrong(*lines: DraftLine) -> dict[tuple[int, str], str]:
    checked = faults([*LINES, *lines], categories={"LOST"}, calendars=CALENDARS, now=NOW)
    return {(n - len(LINES), name): code for (n, name), code in checked.fields.items()}


def test_a_version_becomes_lines_and_the_same_version_again() -> None:
    again = rules_of(LINES, 1, NOW)
    assert {r: dict(r.limits) for r in again} == {r: dict(r.limits) for r in RULES}
    assert not any(LINES[0].key) and LINES[0].clock == "accept"


def test_the_defaults_have_no_fault() -> None:
    assert not faults(LINES, categories=(), calendars=CALENDARS, now=NOW)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"kind": "parcel"}, "kind", "unknown"), ({"category": "NOPE"}, "category", "unknown"),
        ({"priority": "low"}, "priority", "unknown"), ({"channel": "fax"}, "channel", "unknown"),
        ({"tier": "a b"}, "tier", "bad_tier"), ({"clock": ""}, "clock", "required"),
        ({"clock": "lunch"}, "clock", "unknown"), ({"minutes": ""}, "minutes", "required"),
        ({"minutes": "0"}, "minutes", "not_minutes"), ({"minutes": "-5"}, "minutes", "not_minutes"),
        ({"minutes": "1.5"}, "minutes", "not_minutes"), ({"minutes": "999999"}, "minutes", "too_long"),
        ({"calendar": ""}, "calendar", "required"), ({"calendar": "moon"}, "calendar", "unknown"),
        ({"calendar": "brief", "minutes": "500"}, "minutes", "never_over"),
    ],
)  # fmt: skip
def test_each_wrong_value_is_told_beside_its_field(change: dict[str, str], field: str, code: str) -> None:
    line = DraftLine(kind="complaint", category="LOST", clock="close", minutes="60", calendar="always")
    assert wrong(line) == {}
    assert wrong(replace(line, **change)) == {(0, field): code}


def test_the_same_key_and_clock_twice_is_told() -> None:
    assert wrong(DraftLine(clock="close", minutes="60", calendar="always")) == {(0, "clock"): "twice"}


def test_a_clock_without_a_line_for_everything_is_told() -> None:
    lines = [line for line in LINES if line.clock != "legal" or any(line.key)]
    assert faults(lines, categories=(), calendars=CALENDARS, now=NOW).uncovered == ("legal",)
    assert set(CLOCKS) == set(limits_for(RULES, URGENT))


def test_the_deciding_rule_is_the_one_whose_limit_holds() -> None:
    chosen = deciding(RULES, URGENT)
    assert (chosen["resolve"].priority, chosen["first_reply"].kind, chosen["close"].kind) == (
        "urgent",
        "complaint",
        None,
    )
    assert {clock: rule.limits[clock] for clock, rule in chosen.items()} == limits_for(RULES, URGENT)


def test_a_runs_limit_is_traced_to_its_line_though_the_priority_rose_since() -> None:
    high = replace(URGENT, priority="high")
    found = basis_of(RULES, (URGENT, high), ("resolve", "rework"), Limit(1440, "always"), 1)
    assert found is not None and (found.clock, found.facts.priority, found.rule.priority) == ("resolve", "high", "high")
    reworked = basis_of(RULES, (high,), ("resolve", "rework"), Limit(720, "always"), 1)
    assert reworked is not None and reworked.clock == "rework"
    assert basis_of(RULES, (URGENT, high), ("resolve",), Limit(77, "always"), 1) is None
