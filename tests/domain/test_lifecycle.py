"""Who may do what in which state: every line of the table, with expectations written down by hand from the rulebook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain import lifecycle, lifecycle_page
from app.domain.errors import NotAllowed
from app.domain.roles import SYSTEM, Actor
from app.domain.ticket_facts import Cases, TicketFacts

SITE, PARTY, OTHER, HOME, PARTY_HOME, FAR = 11, 12, 13, 1, 2, 3
PEOPLE = {
    "clerk": Actor(101, "site_clerk", SITE, HOME),
    "manager": Actor(102, "site_manager", SITE, HOME),
    "party": Actor(103, "site_clerk", PARTY, PARTY_HOME),
    "stranger": Actor(104, "site_manager", OTHER, HOME),
    "lcs": Actor(105, "lcs", HOME, HOME),
    "lcs_boss": Actor(106, "lcs_manager", HOME, HOME),
    "lcs_party": Actor(107, "lcs", PARTY_HOME, PARTY_HOME),
    "lcs_far": Actor(108, "lcs", FAR, FAR),
    "ccs": Actor(109, "ccs", 9, None),
    "ccs_boss": Actor(110, "ccs_manager", 9, None),
    "admin": Actor(111, "admin", 9, None),
    "system": SYSTEM,
}
FACTS = TicketFacts(state="open", handling_site_id=SITE, province_id=HOME, first_replied=True)
STATES = ["open", "in_progress", "replied", "appealed", "closed", "withdrawn"]
HANDLERS, LCS, CCS = {"clerk", "manager"}, {"lcs", "lcs_boss"}, {"ccs", "ccs_boss"}
ASKED = Cases(parties=frozenset({PARTY}), asked=frozenset({PARTY}), provinces=frozenset({HOME, PARTY_HOME}))
DISPUTED = replace(ASKED, asked=frozenset(), disputing=frozenset({PARTY}))
REJECTED = replace(ASKED, asked=frozenset(), rejected=frozenset({PARTY}))
AT_LCS = replace(ASKED, asked=frozenset(), courts=frozenset({HOME}), hearing=frozenset({HOME}))
AT_CCS = replace(AT_LCS, courts=frozenset({0}), hearing=frozenset({0}))
RETURNED = Cases(courts=frozenset({HOME}), transfer=True)
WORK, BEFORE_END, LIVE = {"open", "in_progress"}, {"open", "in_progress", "replied"}, set(STATES[:4])
ANY_BUT_WITHDRAWN = LIVE | {"closed"}

# action: (what else is so, in which states, by whom)
EXPECTED = {
    "claim": ({}, {"open"}, HANDLERS),
    "take": ({}, {"in_progress", "replied"}, HANDLERS),
    "give_back": ({"owner_id": 101}, BEFORE_END, {"clerk", "manager"}),
    "hand_over": ({"owner_id": 101}, BEFORE_END, {"clerk", "manager"}),
    "follow_up": ({}, WORK, HANDLERS),
    "follow_up_replied": ({}, {"replied"}, HANDLERS),
    "result": ({}, WORK, HANDLERS),
    "note": ({"cases": ASKED}, ANY_BUT_WITHDRAWN, HANDLERS | {"party", "lcs_party"} | LCS | CCS),
    "contact": ({}, BEFORE_END, HANDLERS),
    "wait": ({}, {"in_progress"}, HANDLERS),
    "resume": ({"waiting": True}, ANY_BUT_WITHDRAWN, HANDLERS | {"system"}),
    "promise": ({}, LIVE, HANDLERS),
    "courier_sms": ({}, BEFORE_END, HANDLERS),
    "close": ({"customer_accepted": True}, {"replied"}, HANDLERS),
    "told": ({}, {"replied"}, HANDLERS),
    "customer_accepts": ({}, {"replied"}, HANDLERS),
    "customer_rejects": ({"answered": True}, {"replied", "closed"}, HANDLERS | CCS),
    "withdraw": ({}, LIVE, HANDLERS | LCS | CCS),
    "correct_category": ({}, LIVE, HANDLERS | LCS | CCS),
    "consent_category": ({"category_asked": True}, LIVE, LCS | CCS),
    "link_waybill": ({}, ANY_BUT_WITHDRAWN, HANDLERS | LCS | CCS),
    "return": ({}, WORK, HANDLERS),
    "transfer": ({"cases": RETURNED}, WORK, LCS | CCS | {"system"}),
    "keep_at_lcs": ({"cases": RETURNED}, WORK, LCS | CCS | {"system"}),
    "refuse_return": ({"cases": RETURNED}, WORK, LCS | CCS),
    "add_party": ({}, {"in_progress", "replied"}, HANDLERS),
    "remove_party": ({"cases": ASKED}, ANY_BUT_WITHDRAWN, HANDLERS),
    "urge_party": ({"cases": ASKED}, ANY_BUT_WITHDRAWN, HANDLERS),
    "answer_as_party": ({"cases": ASKED}, ANY_BUT_WITHDRAWN, {"party"}),
    "dispute": ({"cases": ASKED}, ANY_BUT_WITHDRAWN, {"party"}),
    "agree_dispute": ({"cases": DISPUTED}, ANY_BUT_WITHDRAWN, HANDLERS),
    "reject_dispute": ({"cases": DISPUTED}, ANY_BUT_WITHDRAWN, HANDLERS),
    "arbitrate": ({"cases": REJECTED}, ANY_BUT_WITHDRAWN, HANDLERS | {"party"}),
    "rule_dispute": ({"cases": AT_LCS}, ANY_BUT_WITHDRAWN, LCS),
    "order_evidence": ({"cases": ASKED}, ANY_BUT_WITHDRAWN, LCS | {"lcs_party"} | CCS),
    "deliver_evidence": ({"cases": Cases(ordered=frozenset({OTHER}))}, ANY_BUT_WITHDRAWN, {"stranger"}),
    "ask_help": ({}, BEFORE_END, HANDLERS),
    "recall_help": ({"help_open": True}, BEFORE_END, HANDLERS),
    "answer_help": ({"help_open": True}, BEFORE_END, LCS | CCS),
    "act_for": ({}, BEFORE_END, LCS),
    "stop_acting": ({"acting_id": HOME}, ANY_BUT_WITHDRAWN, LCS),
    "urge_site": ({}, BEFORE_END, LCS | CCS),
    "intervene": ({"urged_by_superior": True}, {"replied"}, LCS | CCS),
    "raise_priority": ({}, WORK, LCS | CCS),
    "ask_exemption": ({}, ANY_BUT_WITHDRAWN, HANDLERS | LCS | CCS),
    "assign_site": ({"handling_site_id": None}, {"open"}, LCS | CCS),
    "ruling": ({}, {"appealed"}, CCS),
    "ruled_return": ({}, {"appealed"}, CCS),
    "ruled_other_site": ({}, {"appealed"}, CCS),
    "ruled_compensate": ({}, {"appealed"}, CCS),
    "ruled_rejected": ({}, {"appealed"}, CCS),
    "ruled_promised": ({"open_promises": 1}, {"appealed"}, CCS),
    "urge": ({}, set(STATES), {"system"}),
    "repeat": ({}, {"open", "in_progress", "appealed"}, {"system"}),
    "repeat_reopens": ({}, {"replied", "closed"}, {"system"}),
    "repeat_in_tray": ({"handling_site_id": None}, {"replied", "closed"}, {"system"}),
    "reject": ({"answered": True}, {"in_progress", "replied", "closed"}, {"system"}),
    "reject_noted": ({}, {"open", "in_progress", "appealed", "withdrawn"}, {"system"}),
    "satisfied": ({}, LIVE, {"system"}),
    "cancel": ({}, LIVE, {"system"}),
    "callback_refused": ({}, {"replied"}, {"system"}),
    "promise_broken": ({}, {"replied"}, {"system"}),
    "audit_reopens": ({}, {"replied", "closed"}, {"system"}),
    "audit_restores": ({}, {"withdrawn"}, {"system"}),
    "undo_result": ({}, {"replied"}, {"system"}),
    "undo_unclaimed": ({}, {"replied"}, {"system"}),
    "settle": ({"kind": "expedite"}, WORK, HANDLERS),
    "to_complaint": ({"kind": "expedite", "reminders": 2}, WORK | {"closed"}, HANDLERS | LCS | CCS),
    "customer_unhappy": ({"kind": "inquiry", "answered": True}, {"replied"}, HANDLERS | {"system"}),
    "accept_answer": ({"kind": "inquiry", "reporter_id": OTHER}, {"replied"}, {"stranger"}),
    "return_answer": ({"kind": "inquiry", "reporter_id": OTHER}, {"replied"}, {"stranger"}),
    "recall_report": ({"kind": "problem", "reporter_id": OTHER}, WORK, {"stranger"}),
    "pass_up": ({"kind": "inquiry", "handling_site_id": None, "acting_id": HOME}, WORK, LCS),
}
TARGETS = {
    "claim": "in_progress", "follow_up": "in_progress", "result": "replied", "close": "closed", "intervene": "closed",
    "customer_rejects": "appealed", "withdraw": "withdrawn", "transfer": "open", "keep_at_lcs": "open",
    "ruled_return": "in_progress", "ruled_other_site": "open", "ruled_compensate": "closed",
    "ruled_rejected": "closed", "ruled_promised": "replied", "repeat_reopens": "in_progress", "repeat_in_tray": "open", "reject": "appealed", "satisfied": "replied",
    "cancel": "withdrawn", "callback_refused": "in_progress", "promise_broken": "in_progress",
    "audit_reopens": "in_progress", "audit_restores": "in_progress",
    "undo_result": "in_progress", "undo_unclaimed": "open", "settle": "closed", "to_complaint": "closed",
    "customer_unhappy": "in_progress", "accept_answer": "closed", "return_answer": "in_progress", "pass_up": "open",
    "recall_report": "withdrawn",
}  # fmt: skip


def test_no_line_of_the_table_is_without_an_expectation():
    assert {rule.action for rule in lifecycle.RULES} == set(EXPECTED)


@pytest.mark.parametrize("action", EXPECTED)
@pytest.mark.parametrize("person", PEOPLE)
def test_the_action_is_open_to_exactly_these_people_in_exactly_these_states(action: str, person: str):
    more, states, people = EXPECTED[action]
    got = {s for s in STATES if lifecycle.allowed(action, replace(FACTS, state=s, **more), PEOPLE[person])}
    assert got == (states if person in people else set())


@pytest.mark.parametrize("action", EXPECTED)
def test_the_step_leads_where_the_drawing_says(action: str):
    more, states, people = EXPECTED[action]
    for state in states:
        facts = replace(FACTS, state=state, **more)
        assert lifecycle.step(action, facts, PEOPLE[sorted(people)[0]]) == TARGETS.get(action, state)


@pytest.mark.parametrize(
    ("action", "state", "person", "facts"),
    [
        ("claim", "open", "clerk", {"owner_id": 102}),
        ("take", "in_progress", "clerk", {"owner_id": 102}),
        ("give_back", "in_progress", "clerk", {"owner_id": 102}),
        ("give_back", "in_progress", "clerk", {}),
        ("hand_over", "in_progress", "clerk", {"owner_id": 102}),
        ("wait", "in_progress", "clerk", {"waiting": True}),
        ("resume", "in_progress", "clerk", {}),
        ("correct_category", "in_progress", "clerk", {"category_asked": True}),
        ("consent_category", "in_progress", "lcs", {}),
        ("close", "replied", "clerk", {}),
        ("close", "replied", "clerk", {"objection_over": True, "open_promises": 1}),
        ("told", "replied", "clerk", {"objection_over": True}),
        ("customer_rejects", "replied", "clerk", {"answered": False}),
        ("return", "open", "clerk", {"cases": RETURNED}),
        ("return", "open", "clerk", {"hops": 3}),
        ("transfer", "open", "lcs", {}),
        ("transfer", "open", "lcs_far", {"cases": RETURNED}),
        ("add_party", "in_progress", "clerk", {"first_replied": False}),
        ("remove_party", "in_progress", "clerk", {}),
        ("urge_party", "in_progress", "clerk", {"cases": DISPUTED}),
        ("answer_as_party", "in_progress", "party", {"cases": DISPUTED}),
        ("agree_dispute", "in_progress", "clerk", {"cases": ASKED}),
        ("arbitrate", "in_progress", "party", {"cases": DISPUTED}),
        ("rule_dispute", "in_progress", "lcs", {"cases": AT_CCS}),
        ("rule_dispute", "in_progress", "ccs", {"cases": ASKED}),
        ("rule_dispute", "in_progress", "lcs", {"cases": RETURNED}),
        ("deliver_evidence", "in_progress", "party", {"cases": ASKED}),
        ("ask_help", "open", "clerk", {"help_open": True}),
        ("recall_help", "open", "clerk", {"help_open": True, "acting_id": HOME}),
        ("answer_help", "open", "lcs", {}),
        ("act_for", "open", "lcs", {"acting_id": HOME}),
        ("raise_priority", "open", "lcs", {"priority": "urgent"}),
        ("intervene", "replied", "lcs", {"urged_by_superior": True, "help_open": True}),
        ("intervene", "replied", "lcs", {}),
        ("assign_site", "open", "lcs", {}),
        ("stop_acting", "in_progress", "lcs", {"handling_site_id": None, "acting_id": HOME}),
        ("ruled_return", "appealed", "ccs", {"handling_site_id": None}),
        ("ruled_compensate", "appealed", "ccs", {"open_promises": 1}),
        ("ruled_rejected", "appealed", "ccs", {"open_promises": 1}),
        ("ruled_promised", "appealed", "ccs", {}),
        ("repeat_reopens", "replied", "system", {"handling_site_id": None}),
        ("audit_reopens", "closed", "system", {"handling_site_id": None}),
        ("audit_restores", "withdrawn", "system", {"handling_site_id": None}),
        ("close", "replied", "lcs", {"customer_accepted": True}),
        ("reject", "replied", "system", {}),
        ("settle", "open", "clerk", {}),
        ("to_complaint", "in_progress", "clerk", {"kind": "expedite", "reminders": 1}),
        ("accept_answer", "replied", "clerk", {"kind": "inquiry", "reporter_id": OTHER}),
        ("recall_report", "open", "clerk", {"kind": "problem", "reporter_id": OTHER}),
        ("recall_report", "replied", "stranger", {"kind": "problem", "reporter_id": OTHER}),
        ("pass_up", "open", "ccs", {"kind": "inquiry", "handling_site_id": None, "acting_id": 9, "province_id": None}),
        ("result", "open", "clerk", {"kind": "expedite"}),
        ("customer_rejects", "replied", "clerk", {"kind": "inquiry", "answered": True}),
        ("close", "replied", "clerk", {"customer_accepted": True, "regulator": True}),
        ("withdraw", "replied", "lcs", {"regulator": True}),
        ("intervene", "replied", "lcs", {"urged_by_superior": True, "regulator": True}),
    ],
)
def test_a_condition_that_does_not_hold_refuses_the_step(action: str, state: str, person: str, facts: dict):
    with pytest.raises(NotAllowed):
        lifecycle.step(action, replace(FACTS, state=state, **facts), PEOPLE[person])


@pytest.mark.parametrize("action", ["claim", "follow_up", "result", "note", "contact", "courier_sms"])
def test_whoever_acts_for_the_site_does_the_sites_work(action: str):
    more, states, _people = EXPECTED[action]
    facts = replace(FACTS, state=sorted(states)[0], **more)
    assert not lifecycle.allowed(action, facts, PEOPLE["lcs"]) or action == "note"
    assert lifecycle.allowed(action, replace(facts, acting_id=HOME), PEOPLE["lcs"])
    assert not lifecycle.allowed(action, replace(facts, acting_id=HOME), PEOPLE["lcs_far"])


def test_a_regulators_case_is_closed_by_headquarters_alone():
    facts = replace(FACTS, state="replied", customer_accepted=True, regulator=True)
    assert lifecycle.allowed("close", facts, PEOPLE["ccs"])
    assert not any(lifecycle.allowed("close", facts, PEOPLE[one]) for one in PEOPLE if not one.startswith("ccs"))
    assert "regulator_by_ccs" in lifecycle.unmet("close", facts, PEOPLE["clerk"])
    here = {"routed": True, "in_province": True, "overdue": False, "level": 0, "to_close": True, "regulator": True}
    assert lifecycle.turn_of("ccs", "replied", **here)
    assert not lifecycle.turn_of("site", "replied", **here)


def test_whoever_asked_has_the_turn_once_there_is_an_answer():
    here = {"routed": False, "in_province": True, "overdue": False, "level": 0}
    assert [s for s in STATES if lifecycle.turn_of("reporter", s, **here)] == ["replied"]


def test_headquarters_has_the_turn_at_what_it_answers_itself():
    here = {"routed": False, "in_province": False, "overdue": False, "level": 0, "acting": True}
    assert lifecycle.turn_of("ccs", "in_progress", **here)
    assert not lifecycle.turn_of("ccs", "in_progress", **{**here, "acting": False})


@pytest.mark.parametrize("kind", ["expedite", "problem", "inquiry"])
def test_no_other_kind_knows_appeals_responsible_parties_or_a_category_to_correct(kind: str):
    of_complaints = {rule.action for rule in lifecycle.RULES if kind not in rule.kinds}
    assert of_complaints >= {"ruling", "customer_rejects", "reject", "correct_category", "promise", "intervene"}


OF_THE_SITE_ITSELF = {"return", "ask_help", "recall_help"}  # nobody in its place
BY_WHO_ACTS = {
    action for action, (_more, _states, people) in EXPECTED.items() if people >= HANDLERS
} - OF_THE_SITE_ITSELF


@pytest.mark.parametrize("action", sorted(BY_WHO_ACTS | OF_THE_SITE_ITSELF))
@pytest.mark.parametrize(("person", "place"), [("lcs", HOME), ("stranger", OTHER)])
def test_who_acts_for_the_site_may_what_the_site_may_but_for_what_only_it_can_ask(action: str, person: str, place: int):
    """The province's service desk, and a deputy from another site of the province."""
    more, states, _people = EXPECTED[action]
    owned = {"owner_id": None if action != "give_back" else PEOPLE[person].user_id} if "owner_id" in more else {}
    facts = replace(FACTS, **{**more, **owned, "acting_id": place})
    got = {s for s in STATES if lifecycle.allowed(action, replace(facts, state=s), PEOPLE[person])}
    assert got == (states if action in BY_WHO_ACTS else set())
    assert not {s for s in STATES if lifecycle.allowed(action, replace(facts, state=s), PEOPLE["lcs_far"])}


def test_what_no_site_ever_had_is_closed_by_the_desk_of_its_tray():
    facts = replace(FACTS, state="replied", handling_site_id=None, customer_accepted=True)
    assert lifecycle.allowed("close", facts, PEOPLE["ccs"])
    assert not lifecycle.allowed("close", replace(facts, acting_id=HOME), PEOPLE["ccs"])
    assert lifecycle.turn_of("ccs", "replied", routed=False, in_province=False, overdue=False, level=0, to_close=True)


def test_who_acts_for_a_site_has_its_turn_to_close():
    here = {"routed": True, "in_province": True, "overdue": False, "level": 0, "to_close": True}
    assert lifecycle.turn_of("lcs", "replied", acting=True, **here)
    assert not lifecycle.turn_of("lcs", "replied", acting=False, **here)


@pytest.mark.parametrize("action", ["follow_up", "follow_up_replied", "result", "contact"])
def test_headquarters_speaks_for_the_site_once_the_ticket_was_handed_up_to_it(action: str):
    _more, states, _people = EXPECTED[action]
    for level, may in ((1, set()), (2, states)):
        got = {s for s in STATES if lifecycle.allowed(action, replace(FACTS, state=s, level=level), PEOPLE["ccs"])}
        assert got == may
    nobodys = replace(FACTS, state=sorted(states)[0], level=2, handling_site_id=None)
    assert not lifecycle.allowed(action, nobodys, PEOPLE["ccs"])


def test_headquarters_takes_no_ticket_of_a_site_as_its_own():
    facts = replace(FACTS, state="in_progress", level=2, first_replied=True)
    open_to_it = set(lifecycle.allowed_actions(facts, PEOPLE["ccs"]))
    assert not open_to_it & {"claim", "take", "hand_over", "wait", "promise", "courier_sms", "add_party", "close"}


def test_a_party_may_contest_being_presumed_but_has_nothing_to_answer():
    facts = replace(FACTS, state="in_progress", cases=replace(ASKED, asked=frozenset(), contesting=frozenset({PARTY})))
    assert lifecycle.allowed("dispute", facts, PEOPLE["party"])
    assert not lifecycle.allowed("answer_as_party", facts, PEOPLE["party"])


def test_a_party_whose_presumption_is_final_still_owes_its_answer():
    facts = replace(FACTS, state="closed", cases=replace(ASKED, presumed=frozenset({PARTY})))
    assert lifecycle.allowed("answer_as_party", facts, PEOPLE["party"])
    assert not lifecycle.allowed("dispute", facts, PEOPLE["party"])


def test_ccs_rules_where_the_case_lies_at_headquarters():
    facts = replace(FACTS, state="closed", cases=AT_CCS)
    assert lifecycle.allowed("rule_dispute", facts, PEOPLE["ccs"])
    assert not lifecycle.allowed("rule_dispute", facts, PEOPLE["lcs"])


def test_the_page_in_the_docs_is_the_table_as_it_is():
    kept = Path(__file__).parents[2] / "docs" / "lifecycle.md"
    assert kept.read_text(encoding="utf-8") == lifecycle_page.page(), "run: flask lifecycle > docs/lifecycle.md"


def test_what_an_action_waits_for_is_told_to_those_alone_whose_action_it_is():
    answered = replace(FACTS, state="replied", open_promises=1)
    assert lifecycle.unmet("close", answered, PEOPLE["clerk"]) == ("settled", "no_open_promise")
    assert lifecycle.unmet("close", replace(answered, objection_over=True), PEOPLE["clerk"]) == ("no_open_promise",)
    assert lifecycle.unmet("close", answered, PEOPLE["lcs"]) == ()
    assert lifecycle.unmet("close", replace(answered, state="open"), PEOPLE["clerk"]) == ()


def test_a_broken_promise_is_first_of_all_work_until_the_next_result():
    assert lifecycle.on_top(["promise_broken"], "in_progress")
    assert not lifecycle.on_top(["promise_broken"], "replied")
    assert not lifecycle.on_top(["no_sign_scan"], "in_progress") and not lifecycle.on_top(None, "open")
