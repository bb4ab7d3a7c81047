"""Disputes, arbitration and duty shares (rulebook 3.10): who says what, who rules, and what the ruling costs."""

from __future__ import annotations

import pytest

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.services import arbitration, disputes, journal, queue, replies, sweep
from app.services.disputes import DisputeIn
from app.services.queue import Filters
from app.services.replies import ResultIn
from tests.cast import NOON, Cast, post, tell, ticket
from tests.services.party_steps import (
    DAY,
    ELSEWHERE,
    HERE,
    HOUR,
    HUB,
    MIN,
    SIBLING,
    T0,
    add,
    agree,
    answer,
    arbitrate,
    at_court,
    case,
    colleague,
    dispute,
    place,
    reject,
    replied,
    rule,
    runs,
    said,
)

HALVES = {HERE: 50, SIBLING: 50}
FINE = ResultIn(text="已重新派送", contact_outcome="reached_accepts")


def listed(session, cast: Cast, who: str, name: str) -> list[str]:
    session.rollback()
    return [row.number for row in queue.page(session, cast[who], Filters(queue=name), NOON).rows]


def disputed(cast: Cast, other: str = "") -> str:
    number = replied(cast)
    add(cast, number)
    dispute(cast, number, reason="other_party" if other else "not_our_scan", other=other)
    return number


@pytest.mark.parametrize(
    ("why", "errors"),
    [
        (DisputeIn("", "不是我方"), {"reason": "required"}),
        (DisputeIn("not_our_scan", " "), {"text": "required"}),
        (DisputeIn("other_party", "是别家"), {"other_code": "required"}),
        (DisputeIn("other_party", "是别家", "nowhere"), {"other_code": "unknown_organisation"}),
        (DisputeIn("other_party", "是别家", SIBLING), {"other_code": "own_organisation"}),
        (DisputeIn("other_party", "是别家", HERE), {"other_code": "party_already"}),
    ],
)  # fmt: skip
def test_a_dispute_needs_reason_words_and_somebody_who_can_be_named(cast: Cast, db_session, why, errors) -> None:
    number = replied(cast)
    add(cast, number)
    with pytest.raises(Invalid) as refused:
        disputes.dispute(actor=cast["site-2"], post=post(number), why=why, now=T0 + HOUR)
    assert refused.value.fields == errors


def test_a_dispute_stops_the_partys_clock_and_asks_the_handling_site(cast: Cast, db_session) -> None:
    number = disputed(cast)
    assert runs(db_session, number, "party_reply")[0].state == "met"
    (run,) = runs(db_session, number, "ruling")
    assert (run.organisation_id, run.due_at) == (cast.places[HERE], T0 + HOUR + DAY)  # one working day
    assert case(db_session, number).state == "disputed"


def test_agreeing_ends_the_case_without_liability(cast: Cast, db_session) -> None:
    number = disputed(cast)
    agree(cast, number)
    row = case(db_session, number)
    assert (row.state, row.share) == ("not_liable", None)
    assert runs(db_session, number, "ruling")[0].state == "met"
    with pytest.raises(Invalid):
        add(cast, number)


def test_agreeing_can_ask_the_one_that_was_named_instead(cast: Cast, db_session) -> None:
    number = disputed(cast, other=ELSEWHERE)
    agree(cast, number, named=True)
    assert (case(db_session, number).state, case(db_session, number, ELSEWHERE).hop) == ("not_liable", 2)
    assert [run.organisation_id for run in runs(db_session, number, "party_reply")][1] == cast.places[ELSEWHERE]
    answer(cast, number, "site-3", T0 + 3 * HOUR)


def test_after_three_hops_the_case_goes_to_ccs(cast: Cast, db_session) -> None:
    for code in ("33-A", "33-B"):
        place(cast, code, "site", "33")
    number = disputed(cast, other=ELSEWHERE)
    agree(cast, number, named=True)
    dispute(cast, number, "site-3", T0 + 3 * HOUR, "other_party", "33-A")
    agree(cast, number, ELSEWHERE, now=T0 + 4 * HOUR, named=True)
    dispute(cast, number, "33-A", T0 + 5 * HOUR, "other_party", "33-B")
    agree(cast, number, "33-A", now=T0 + 6 * HOUR, named=True)
    row = case(db_session, number, "33-A")
    assert (row.hop, row.state, row.court_id) == (3, "arbitration", 0)
    assert runs(db_session, number, "ruling")[-1].organisation_id == cast.places["HQ"]
    assert listed(db_session, cast, "ccs", "to_rule") == [number]
    with pytest.raises(Invalid):
        case_of = said(db_session, number, "party_added")
        assert [data["hop"] for data in case_of] == [1, 2, 3]
        add(cast, number, ELSEWHERE, now=T0 + 7 * HOUR)


def test_rejecting_needs_words_and_opens_the_way_to_arbitration(cast: Cast, db_session) -> None:
    number = disputed(cast)
    with pytest.raises(Invalid):
        disputes.reject(actor=cast["site"], post=post(number), party=SIBLING, text="", now=T0 + 2 * HOUR)
    with pytest.raises(NotAllowed):
        arbitrate(cast, number)
    reject(cast, number)
    row = case(db_session, number)
    assert (row.state, row.rejected_by_id, row.rejected_by_user_id) == (
        "rejected", cast.places[HERE], cast["site"].user_id,
    )  # fmt: skip
    arbitrate(cast, number, "", "site-2")
    assert case(db_session, number).state == "arbitration"


def test_a_dispute_that_the_site_leaves_lying_may_go_to_arbitration_after_a_working_day(cast: Cast, db_session) -> None:
    number = disputed(cast)
    sweep.run(db_session, T0 + HOUR + DAY + MIN)
    row = case(db_session, number)
    assert (row.state, row.rejected_by_id) == ("rejected", None)
    assert runs(db_session, number, "ruling")[0].state == "breached"
    assert runs(db_session, number, "ruling")[0].next_stage_at is None
    arbitrate(cast, number, "", "site-2", T0 + 2 * DAY)
    rule(cast, number, {HERE: 100, SIBLING: 0}, now=T0 + 2 * DAY + HOUR)
    assert said(db_session, number, "rejection_overturned") == []  # nobody rejected it


def test_one_province_is_heard_by_its_lcs_within_a_working_day(cast: Cast, db_session) -> None:
    number = at_court(cast)
    run = runs(db_session, number, "ruling")[-1]
    assert (run.organisation_id, run.due_at) == (cast.places["33"], T0 + 3 * HOUR + DAY)
    assert (listed(db_session, cast, "lcs", "to_rule"), listed(db_session, cast, "ccs", "to_rule")) == ([number], [])
    with pytest.raises(NotAllowed):
        rule(cast, number, HALVES, "ccs")


def test_two_provinces_are_heard_by_ccs(cast: Cast, db_session) -> None:
    number = at_court(cast, ELSEWHERE, "site-3")
    assert case(db_session, number, ELSEWHERE).court_id == 0
    for who in ("lcs", "lcs-2"):
        with pytest.raises(NotAllowed):
            rule(cast, number, {HERE: 40, ELSEWHERE: 60}, who)
    rule(cast, number, {HERE: 40, ELSEWHERE: 60}, "ccs")
    row = case(db_session, number, ELSEWHERE)
    assert (row.state, row.share, listed(db_session, cast, "ccs", "to_rule")) == ("ruled", 60, [])
    with pytest.raises(NotAllowed):
        arbitrate(cast, number, ELSEWHERE, "site")


def test_a_hub_under_headquarters_is_heard_by_ccs(cast: Cast, db_session) -> None:
    place(cast, HUB, "hub", "HQ")
    number = at_court(cast, HUB, HUB)
    assert case(db_session, number, HUB).court_id == 0
    assert runs(db_session, number, "ruling")[-1].organisation_id == cast.places["HQ"]


def test_a_hub_of_the_province_is_heard_at_home(cast: Cast, db_session) -> None:
    place(cast, "33-H01", "hub", "33")
    assert case(db_session, at_court(cast, "33-H01", "33-H01"), "33-H01").court_id == cast.places["33"]


def test_a_party_from_elsewhere_that_comes_later_takes_the_case_to_ccs(cast: Cast, db_session) -> None:
    number = at_court(cast)
    add(cast, number, ELSEWHERE, now=T0 + 4 * HOUR)
    assert case(db_session, number).court_id == 0
    at_home, at_ccs = runs(db_session, number, "ruling")[-2:]
    assert (at_home.state, at_ccs.organisation_id) == ("void", cast.places["HQ"])
    with pytest.raises(NotAllowed) as refused:
        rule(cast, number, {HERE: 40, SIBLING: 60, ELSEWHERE: 0}, "ccs")
    assert refused.value.code == "party_not_heard"
    answer(cast, number, "site-3", T0 + 5 * HOUR)
    rule(cast, number, {HERE: 40, SIBLING: 60, ELSEWHERE: 0}, "ccs", T0 + 6 * HOUR)


@pytest.mark.parametrize(
    ("shares", "errors"),
    [
        ({HERE: 50, SIBLING: 49}, {f"share-{HERE}": "shares_not_100", f"share-{SIBLING}": "shares_not_100"}),
        ({HERE: 51, SIBLING: 50}, {f"share-{HERE}": "shares_not_100", f"share-{SIBLING}": "shares_not_100"}),
        ({SIBLING: 100}, {f"share-{HERE}": "required"}),
        ({HERE: -1, SIBLING: 101}, {f"share-{HERE}": "share_range", f"share-{SIBLING}": "share_range"}),
    ],
)  # fmt: skip
def test_shares_that_are_not_a_hundred_in_all_are_refused(cast: Cast, db_session, shares, errors) -> None:
    number = at_court(cast)
    with pytest.raises(Invalid) as refused:
        rule(cast, number, shares)
    assert refused.value.fields == errors
    with pytest.raises(Invalid):
        arbitration.rule_on(actor=cast["lcs"], post=post(number), shares=HALVES, text="", now=T0 + 4 * HOUR)
    assert case(db_session, number).state == "arbitration"


def test_a_rejecter_who_is_overturned_is_named_and_one_who_is_not_is_not(cast: Cast, db_session) -> None:
    overturned, upheld = at_court(cast), at_court(cast, code="W2")
    rule(cast, overturned, {HERE: 100, SIBLING: 0})
    rule(cast, upheld, {HERE: 99, SIBLING: 1})
    (fact,) = said(db_session, overturned, "rejection_overturned")
    assert (fact["organisation_id"], fact["party_id"]) == (cast.places[HERE], cast.places[SIBLING])
    assert said(db_session, upheld, "rejection_overturned") == []


def test_a_ruling_of_the_lcs_goes_to_ccs_once_by_either_side_and_is_final_there(cast: Cast, db_session) -> None:
    number = at_court(cast)
    rule(cast, number, {HERE: 100, SIBLING: 0})
    arbitrate(cast, number, SIBLING, "site", T0 + 5 * HOUR)
    assert case(db_session, number).court_id == 0
    rule(cast, number, {HERE: 30, SIBLING: 70}, "ccs", T0 + 6 * HOUR)
    assert case(db_session, number).share == 70
    assert (
        len(said(db_session, number, "rejection_overturned"))
        == len(said(db_session, number, "rejection_restored"))
        == 1
    )
    for who in ("site", "site-2"):
        with pytest.raises(NotAllowed):
            arbitrate(cast, number, SIBLING, who, T0 + 7 * HOUR)
    assert [data["final"] for data in said(db_session, number, "dispute_ruled")] == [False, True]


def test_a_party_that_lost_takes_the_ruling_to_ccs_too(cast: Cast, db_session) -> None:
    number = at_court(cast)
    rule(cast, number, {HERE: 0, SIBLING: 100})
    arbitrate(cast, number, "", "site-2", T0 + 5 * HOUR)
    rule(cast, number, {HERE: 100, SIBLING: 0}, "ccs", T0 + 6 * HOUR)
    assert len(said(db_session, number, "rejection_overturned")) == 1


def test_nobody_rules_on_what_they_wrote(cast: Cast, db_session) -> None:
    number = replied(cast)
    from app.services.transaction import write

    with write() as session:  # the province acts for the site
        ticket(session, number).acting_id = cast.places["33"]
    add(cast, number, who="lcs")
    dispute(cast, number)
    reject(cast, number, who="lcs")
    arbitrate(cast, number, who="site-2")
    with pytest.raises(NotAllowed) as refused:
        rule(cast, number, HALVES, "lcs")
    assert refused.value.code == "own_work"
    rule(cast, number, HALVES, "lcs-manager")


def test_who_ruled_in_the_province_does_not_rule_on_it_again_at_headquarters(cast: Cast, db_session) -> None:
    from dataclasses import replace

    number = at_court(cast)
    rule(cast, number, HALVES)
    arbitrate(cast, number, now=T0 + 5 * HOUR)
    cast.people["promoted"] = replace(cast["ccs"], user_id=cast["lcs"].user_id)
    with pytest.raises(NotAllowed) as refused:
        rule(cast, number, HALVES, "promoted", T0 + 6 * HOUR)
    assert refused.value.code == "own_work"


def test_a_dispute_goes_through_all_courts_after_the_ticket_is_closed(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=T0 + MIN)
    tell(cast, "SATISFIED", at=T0 + 2 * MIN, now=T0 + 2 * MIN)
    dispute(cast, number)
    replies.close(actor=cast["site"], post=post(number), root_cause="hub", verified=True, now=T0 + HOUR + MIN)
    reject(cast, number)
    arbitrate(cast, number)
    assert listed(db_session, cast, "lcs", "to_rule") == [number]
    rule(cast, number, HALVES)
    row = ticket(db_session, number)
    assert (row.state, case(db_session, number).share) == ("closed", 50)
    assert listed(db_session, cast, "lcs", "all") == []
    assert journal.verify(db_session, row.id) is None


# written by hand: the site, its manager, the party, the province, its manager, the other province, headquarters
WHO_MAY = {
    "agree": {"site": True, "site-manager": True, "site-2": False, "lcs": False, "lcs-manager": False, "ccs": False},
    "reject": {"site": True, "site-manager": True, "site-2": False, "lcs": False, "lcs-manager": False, "ccs": False},
    "arbitrate": {"site": True, "site-manager": True, "site-2": True, "lcs": False, "lcs-manager": False, "ccs": False},
    "rule": {"site": False, "site-manager": False, "site-2": False, "lcs": True, "lcs-manager": True, "ccs": False},
}
STEPS = {"agree": agree, "reject": reject, "arbitrate": arbitrate}


def stage(cast: Cast, step: str) -> str:
    if step == "rule":
        return at_court(cast)
    number = disputed(cast)
    if step == "arbitrate":
        reject(cast, number)
    return number


def take_step(cast: Cast, number: str, step: str, who: str) -> None:
    if step == "rule":
        rule(cast, number, HALVES, who)
    else:
        STEPS[step](cast, number, who=who)


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize(("step", "who"), [(step, who) for step in WHO_MAY for who in WHO_MAY[step]])
def test_exactly_these_people_may_take_the_step(cast: Cast, db_session, step: str, who: str) -> None:
    number = stage(cast, step)
    if WHO_MAY[step][who]:
        take_step(cast, number, step, who)
        return
    with pytest.raises(NotAllowed):
        take_step(cast, number, step, who)


@pytest.mark.parametrize("who", ["site-3", "lcs-2", "admin", "stranger"])
@pytest.mark.parametrize("step", list(WHO_MAY))
def test_for_everybody_outside_it_does_not_exist(cast: Cast, db_session, step: str, who: str) -> None:
    colleague(cast, "site_manager", ELSEWHERE, "stranger")
    number = stage(cast, step)
    with pytest.raises(NotFound):
        take_step(cast, number, step, who)
