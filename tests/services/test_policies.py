"""Policy versions in the table are the rules that the domain knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.clocks import Limit
from app.domain.policies import Facts, NoPolicy, default_rules
from app.services import policies

EPOCH = datetime(2016, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def facts(at: datetime, priority: str = "high") -> Facts:
    return Facts("complaint", "LOCKER", priority, "platform", None, at)


@pytest.fixture
def stored(db_session):
    policies.store_version(db_session, default_rules(EPOCH))
    db_session.commit()
    return db_session


def test_the_stored_defaults_come_back_as_they_were(stored) -> None:
    found = {(rule.kind, rule.priority, rule.channel): rule for rule in policies.rules(stored)}
    wanted = {(rule.kind, rule.priority, rule.channel): rule for rule in default_rules(EPOCH)}
    assert found == wanted
    assert all(dict(found[key].limits) == dict(wanted[key].limits) for key in wanted)


def test_limits_are_those_of_the_most_specific_rule(stored) -> None:
    limits = policies.limits(stored, facts(LATER, "urgent"))
    assert (limits["first_reply"], limits["resolve"]) == (Limit(30, "service"), Limit(720, "always"))


def test_a_version_that_is_there_is_not_stored_twice(stored) -> None:
    assert policies.store_version(stored, default_rules(LATER)) == 0
    assert {rule.effective_from for rule in policies.rules(stored)} == {EPOCH}


def test_a_new_version_is_seen_at_once_and_binds_later_tickets_only(stored) -> None:
    policies.rules(stored)
    policies.store_version(stored, default_rules(LATER, version=2)[:1])
    stored.commit()
    old, new = (policies.limits(stored, facts(LATER + timedelta(seconds=s))) for s in (-1, 0))
    assert (old["first_reply"].minutes, new["first_reply"].minutes) == (30, 240)
    assert policies.limits(stored, facts(LATER), version=1)["first_reply"].minutes == 30


def test_without_a_policy_there_are_no_limits(db_session) -> None:
    with pytest.raises(NoPolicy):
        policies.limits(db_session, facts(LATER))
