"""Correcting the category: at once, or with the LCS's consent where it eases a limit (rulebook 2, 7.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.clocks import Limit
from app.domain.customers import AccountIn
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.policies import PolicyRule, default_rules
from app.models import Clock, Event, WorkItem
from app.services import categories, customers, policies, scans
from app.services.scans import ScanIn
from app.services.transaction import write
from tests.cast import EPOCH, NOON, Cast, post, push, ticket

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)


def correct(cast: Cast, number: str, to: str, who: str = "site", at=NOON + MIN) -> None:
    categories.correct(actor=cast[who], post=post(number), category=to, reason="核实后更正", now=at)


def decide(cast: Cast, number: str, agreed: bool | None, who: str = "lcs", reason: str = "同意更正") -> None:
    categories.consent(actor=cast[who], post=post(number), agreed=agreed, reason=reason, now=NOON + HOUR)


def due(session, number: str, kind: str = "resolve"):
    row = ticket(session, number)
    return session.scalars(select(Clock.due_at).where(Clock.ticket_id == row.id, Clock.kind == kind)).one()


def test_a_correction_that_tightens_holds_at_once_and_shortens_the_clock(cast: Cast, db_session) -> None:
    early = NOON - 5 * HOUR
    number = push(cast, category="OTHER", now=early)
    assert due(db_session, number) == early + 24 * HOUR
    correct(cast, number, "LOST", at=early + MIN)
    row = ticket(db_session, number)
    assert (row.category, row.priority, row.category_wanted) == ("LOST", "urgent", "")
    assert due(db_session, number) == early + MIN + 12 * HOUR
    assert {item.category for item in db_session.scalars(select(WorkItem))} == {"LOST"}
    event = db_session.scalars(select(Event).where(Event.type == "category_corrected")).one()
    assert (event.data["from"], event.data["to"], event.data["eased"]) == ("OTHER", "LOST", False)


def test_a_correction_that_eases_a_limit_waits_for_the_province(cast: Cast, db_session) -> None:
    number = push(cast, category="LOST")
    before = due(db_session, number)
    correct(cast, number, "OTHER")
    row = ticket(db_session, number)
    assert (row.category, row.category_wanted, due(db_session, number)) == ("LOST", "OTHER", before)
    item = db_session.get(WorkItem, (cast.places["33"], row.id))
    assert (item.turn, item.queue) == (True, "to_rule")
    with pytest.raises(NotAllowed):
        correct(cast, number, "DELAYED")
    decide(cast, number, True)
    row = ticket(db_session, number)
    assert (row.category, row.priority, row.category_wanted) == ("OTHER", "high", "")
    assert due(db_session, number) == NOON + 24 * HOUR
    assert db_session.scalars(select(Clock.state).where(Clock.kind == "consent")).one() == "met"
    assert db_session.get(WorkItem, (cast.places["33"], row.id)).queue != "to_rule"


def test_a_refused_correction_changes_nothing_and_says_why(cast: Cast, db_session) -> None:
    number = push(cast, category="LOST")
    correct(cast, number, "OTHER")
    for agreed, reason in ((False, " "), (None, "x")):
        with pytest.raises(Invalid):
            decide(cast, number, agreed, reason=reason)
    decide(cast, number, False, reason="包裹确实遗失")
    row = ticket(db_session, number)
    assert (row.category, row.priority, row.category_wanted) == ("LOST", "urgent", "")


def test_the_provinces_own_correction_needs_nobodys_consent(cast: Cast, db_session) -> None:
    number = push(cast, category="LOST")
    correct(cast, number, "OTHER", who="lcs")
    assert (ticket(db_session, number).category, due(db_session, number)) == ("OTHER", NOON + 24 * HOUR)


def test_what_is_urgent_for_another_reason_stays_urgent(cast: Cast, db_session) -> None:
    from tests.cast import tell

    number = push(cast, category="LOST")
    tell(cast, "REPEAT", at=NOON, now=NOON)
    correct(cast, number, "OTHER")
    row = ticket(db_session, number)
    assert (row.category, row.priority) == ("OTHER", "urgent")


def test_a_correction_has_a_reason_and_another_category(cast: Cast) -> None:
    number = push(cast, category="LOST")
    for category, reason, fields in (
        ("", "x", {"category": "required"}), ("NOTHING", "x", {"category": "required"}),
        ("LOST", "x", {"category": "same_category"}), ("OTHER", " ", {"text": "required"}),
        ("OTHER", "x" * 501, {"text": "too_long"}),
    ):  # fmt: skip
        with pytest.raises(Invalid) as error:
            categories.correct(actor=cast["site"], post=post(number), category=category, reason=reason, now=NOON)
        assert error.value.fields == fields


def test_signed_for_by_name_without_a_sign_scan_is_flagged_and_the_clock_runs_as_ever(cast: Cast, db_session) -> None:
    signed, unsigned = "YT1111111111111", "YT2222222222222"
    scans.store_scans(scans=[ScanIn(signed, "SIGN", NOON - HOUR), ScanIn(unsigned, "DELIVER", NOON - HOUR)], now=NOON)
    numbers = [push(cast, f"W{n}", waybill=w, category=c) for n, (w, c) in enumerate(
        ((signed, "FALSE_SIGN"), (unsigned, "FALSE_SIGN"), ("YT3333333333333", "LOCKER"))
    )]  # fmt: skip
    assert [ticket(db_session, number).flags for number in numbers] == [[], ["no_sign_scan"], []]
    assert {due(db_session, number) for number in numbers} == {NOON + 24 * HOUR}
    correct(cast, numbers[1], "DELAYED")
    assert ticket(db_session, numbers[1]).flags == [] and due(db_session, numbers[1]) == NOON + 24 * HOUR


MAY = {
    "site": (True, False), "site-manager": (True, False), "site-2": (None, None), "site-3": (None, None),
    "lcs": (True, True), "lcs-manager": (True, True), "lcs-2": (None, None), "ccs": (True, True),
    "ccs-manager": (True, True), "admin": (None, None),
}  # fmt: skip


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", MAY)
def test_who_may_correct_and_who_may_consent(cast: Cast, db_session, who: str) -> None:
    first, second = push(cast, "W1", category="OTHER"), push(cast, "W2", category="LOST")
    correct(cast, second, "OTHER")
    steps = (lambda: correct(cast, first, "LOST", who), lambda: decide(cast, second, True, who))
    for may, step in zip(MAY[who], steps, strict=True):
        if may:
            step()
            continue
        with pytest.raises(NotFound if may is None else NotAllowed):
            step()
    found = (ticket(db_session, first).category, ticket(db_session, second).category)
    assert found == ("LOST" if MAY[who][0] else "OTHER", "OTHER" if MAY[who][1] else "LOST")


def test_what_a_customers_own_line_of_the_policy_keeps_is_not_eased(cast: Cast, db_session) -> None:
    """The tier's line holds before and after: nobody has to consent to what changes no limit."""
    rules = [*default_rules(EPOCH, 2), PolicyRule(2, EPOCH, tier="gold", limits={"resolve": Limit(300, "always")})]
    with write() as session:
        policies.store_version(session, rules)
    shop = AccountIn("SHOP", "旗舰店", "gold", prefixes="YT88")
    customers.save(actor=cast["admin"], account=shop, now=NOON)
    number = push(cast, category="LOST", waybill="YT88000000001")
    before = due(db_session, number)
    correct(cast, number, "OTHER")
    row = ticket(db_session, number)
    assert (row.category, row.category_wanted, due(db_session, number)) == ("OTHER", "", before)
