from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from app.domain.clocks import Limit
from app.domain.policies import (
    Facts,
    NoPolicy,
    PolicyRule,
    default_priority,
    default_rules,
    limits_for,
    version_in_force,
)

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def facts(**changes) -> Facts:
    given = {"kind": "complaint", "category": "FALSE_SIGN", "priority": "high", "channel": "platform", "tier": None}
    return Facts(**{**given, "opened_at": MARCH, **changes})


def rule(minutes: int, *, version: int = 1, since: datetime = JANUARY, clock: str = "resolve", **key) -> PolicyRule:
    return PolicyRule(version, since, limits={clock: Limit(minutes, "always")}, **key)


def resolve_minutes(rules, **changes) -> int:
    return limits_for(rules, facts(**changes))["resolve"].minutes


def test_the_version_in_force_is_the_latest_that_has_begun() -> None:
    rules = [rule(1, version=1), rule(2, version=2, since=MARCH), rule(3, version=3, since=JUNE)]
    assert version_in_force(rules, MARCH) == 2
    assert version_in_force(rules, MARCH - timedelta.resolution) == 1
    assert version_in_force(rules, JUNE) == 3


def test_a_lower_version_number_that_begins_later_is_in_force() -> None:
    assert version_in_force([rule(1, version=9), rule(2, version=2, since=MARCH)], JUNE) == 2


def test_of_two_versions_that_begin_together_the_higher_number_is_in_force() -> None:
    assert version_in_force([rule(2, version=2), rule(1, version=1)], MARCH) == 2


@pytest.mark.parametrize("rules", [[], [rule(1, since=JUNE)]])
def test_no_version_in_force_is_an_error(rules) -> None:
    with pytest.raises(NoPolicy):
        version_in_force(rules, MARCH)
    with pytest.raises(LookupError):
        limits_for(rules, facts())


def test_a_new_version_binds_tickets_opened_from_its_first_instant() -> None:
    rules = [rule(1), rule(2, version=2, since=MARCH)]
    assert resolve_minutes(rules, opened_at=MARCH - timedelta.resolution) == 1
    assert resolve_minutes(rules, opened_at=MARCH) == 2


def test_a_ticket_keeps_the_version_it_was_opened_under() -> None:
    rules = [rule(1), rule(2, version=2, since=MARCH)]
    assert limits_for(rules, facts(opened_at=JUNE), version=1)["resolve"].minutes == 1


def test_a_version_without_rules_is_an_error() -> None:
    with pytest.raises(NoPolicy):
        limits_for([rule(1)], facts(), version=7)


def test_versions_are_never_mixed() -> None:
    rules = [rule(1, clock="close"), rule(2, version=2, since=MARCH)]
    assert set(limits_for(rules, facts())) == {"resolve"}


def test_the_rule_that_states_more_wins() -> None:
    rules = [rule(1), rule(2, tier="gold"), rule(3, kind="complaint", category="FALSE_SIGN")]
    assert resolve_minutes(rules, tier="gold") == 3


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ({"kind": "complaint"}, {"category": "FALSE_SIGN"}),
        ({"category": "FALSE_SIGN"}, {"priority": "high"}),
        ({"priority": "high"}, {"channel": "platform"}),
        ({"channel": "platform"}, {"tier": "gold"}),
        ({"kind": "complaint", "channel": "platform"}, {"kind": "complaint", "tier": "gold"}),
        ({"priority": "high", "channel": "platform"}, {"kind": "complaint", "tier": "gold"}),
    ],
)
def test_on_equal_counts_the_more_telling_field_wins(weaker, stronger) -> None:
    assert resolve_minutes([rule(1, **stronger), rule(2, **weaker)], tier="gold") == 1
    assert resolve_minutes([rule(2, **weaker), rule(1, **stronger)], tier="gold") == 1


@pytest.mark.parametrize(
    "key",
    [
        {"kind": "claim"},
        {"category": "LOST"},
        {"priority": "urgent"},
        {"channel": "email"},
        {"tier": "gold"},
        {"kind": "complaint", "tier": "gold"},
    ],
)
def test_a_rule_that_states_something_else_does_not_match(key) -> None:
    assert resolve_minutes([rule(1), rule(2, **key)]) == 1


def test_each_clock_comes_from_the_best_rule_that_states_it() -> None:
    rules = [rule(1), rule(2, clock="close"), rule(3, kind="complaint")]
    found = limits_for(rules, facts())
    assert (found["resolve"].minutes, found["close"].minutes) == (3, 2)


def test_the_order_of_rows_never_matters() -> None:
    rows = [rule(1), rule(2, kind="complaint"), rule(3, priority="high"), rule(5, priority="high"), rule(4)]
    assert {resolve_minutes(order) for order in permutations(rows)} == {3}


def test_clocks_that_no_rule_states_are_missing() -> None:
    assert limits_for([rule(1, kind="claim")], facts()) == {}


def default_limits(**changes) -> dict[str, Limit]:
    return limits_for(default_rules(JANUARY), facts(**changes))


def test_the_defaults_for_a_complaint_are_those_of_the_rulebook() -> None:
    assert default_limits() == {
        "accept": Limit(10, "service"),
        "first_reply": Limit(30, "service"),
        "resolve": Limit(1440, "always"),
        "rework": Limit(720, "always"),
        "close": Limit(1440, "always"),
        "party_reply": Limit(720, "service"),
        "transfer": Limit(30, "service"),
        "ruling": Limit(720, "working"),
        "appeal": Limit(1440, "always"),
        "objection": Limit(2880, "always"),
        "objection_rework": Limit(1440, "always"),
        "legal": Limit(10080, "always"),
        "waiting": Limit(1440, "always"),
        "delivery": Limit(1440, "always"),
        "reopen": Limit(10080, "always"),
        "transit": Limit(4320, "always"),
        "pickup": Limit(1440, "always"),
    }


@pytest.mark.parametrize(("priority", "hours"), [("urgent", 12), ("high", 24), ("normal", 48)])
@pytest.mark.parametrize("kind", ["complaint", "inquiry"])
def test_the_default_resolve_limit_follows_the_priority(kind, priority, hours) -> None:
    assert default_limits(kind=kind, priority=priority)["resolve"] == Limit(hours * 60, "always")


@pytest.mark.parametrize(
    ("kind", "channel", "minutes"),
    [
        ("complaint", "platform", 30),
        ("complaint", "telephone", 30),
        ("complaint", "email", 120),
        ("inquiry", "email", 120),
        ("inquiry", "platform", 240),
        ("problem", "web", 240),
    ],
)
def test_the_default_first_reply_is_30_minutes_by_email_2_hours_and_otherwise_4(kind, channel, minutes) -> None:
    assert default_limits(kind=kind, channel=channel)["first_reply"] == Limit(minutes, "service")


def test_the_regulator_gives_15_days() -> None:
    assert default_limits(channel="regulator")["legal"] == Limit(15 * 1440, "always")


def test_the_defaults_are_one_version_from_one_instant() -> None:
    assert {(r.version, r.effective_from) for r in default_rules(MARCH, version=4)} == {(4, MARCH)}


@pytest.mark.parametrize("category", ["LOST", "DAMAGED"])
def test_lost_and_damaged_are_urgent(category) -> None:
    assert default_priority(category, platform_priority=None) == "urgent"


@pytest.mark.parametrize("mark", [{"promised_today": True}, {"repeated": True}, {"platform_priority": 3}])
def test_promised_today_repeated_and_marked_by_the_platform_are_urgent(mark) -> None:
    assert default_priority("ATTITUDE", **mark) == "urgent"


@pytest.mark.parametrize("platform_priority", [None, 0, 1, 2, 4])
def test_every_other_complaint_is_high(platform_priority) -> None:
    assert default_priority("FALSE_SIGN", platform_priority=platform_priority) == "high"
