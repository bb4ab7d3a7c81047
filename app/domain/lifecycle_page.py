"""The transition table as a page to read (`docs/lifecycle.md`): written from the table, never by hand."""

from __future__ import annotations

from app.domain import lifecycle
from app.domain.kinds import KINDS
from app.domain.lifecycle import OPEN_STATES, RULES, STATES, Rule

HEAD = """# What may be done with a ticket

Written by `flask lifecycle` from the transition table `app/domain/lifecycle.py`; a test fails when the two differ.

States: `open` 待受理 → `in_progress` 处理中 → `replied` 已回复 → `closed` 完结;
beside them `appealed` 客户申诉 and `withdrawn` 撤销.

| who | is |
| --- | --- |
| handling | people of the site that handles the ticket |
| acting | whoever acts for that site: the province's service desk (LCS), or a deputy |
| party | people of a responsible party |
| ordered | people of an organisation that owes evidence |
| reporter | people of the organisation that asked or reported |
| lcs | the service desk of the ticket's province |
| lcs_of_party | the service desk of a party's province |
| court | who rules on the open case: a province's service desk or CCS |
| ccs | headquarters |
| ccs_at_work | headquarters, on a ticket of a site that was handed up to it (level 2) |
| system | time, and the platform's messages |
"""
MEANS = {
    "claim": "take a new ticket as one's own",
    "take": "take a ticket that nobody owns",
    "give_back": "give it back to the team",
    "hand_over": "hand it to a colleague, with a note",
    "follow_up": "log a contact and say when the next news comes",
    "follow_up_replied": "the same after the result",
    "result": "answer the complaint",
    "note": "write an internal note",
    "contact": "call the customer and log how it ended",
    "wait": "let the site's clocks stand still for the customer",
    "resume": "let them run on",
    "promise": "make, keep or renegotiate a promise",
    "courier_sms": "tell the courier by SMS",
    "close": "close with root cause and verification",
    "told": "log that the complainant was told the result",
    "customer_accepts": "log that the complainant accepts it",
    "customer_rejects": "log that the complainant rejects it",
    "withdraw": "withdraw the complaint, with proof",
    "correct_category": "correct the category, with a reason",
    "consent_category": "agree to a category that eases a limit",
    "link_waybill": "link a return, re-label or forward",
    "return": "return the ticket as not one's own",
    "transfer": "grant the return: another site takes it",
    "keep_at_lcs": "grant the return: the LCS works it",
    "refuse_return": "refuse the return",
    "add_party": "add a responsible party",
    "remove_party": "remove one",
    "urge_party": "urge one",
    "answer_as_party": "answer as a party",
    "dispute": "dispute the responsibility",
    "agree_dispute": "agree that the party is not liable",
    "reject_dispute": "reject the dispute, with counter-evidence",
    "arbitrate": "report it to arbitration",
    "rule_dispute": "rule with shares of 100 %",
    "order_evidence": "order evidence by a date",
    "deliver_evidence": "deliver it",
    "ask_help": "ask the superior for help",
    "recall_help": "take that back",
    "answer_help": "answer the request for help",
    "act_for": "begin to act for the site",
    "stop_acting": "end that",
    "urge_site": "urge the site",
    "intervene": "close it over the site's head, from close due + 4 h",
    "raise_priority": "raise the priority",
    "ask_exemption": "ask for an exemption",
    "assign_site": "hand a ticket of the tray to a site",
    "ruling": "rule on the customer's appeal",
    "ruled_return": "… upheld: back to the site",
    "ruled_other_site": "… upheld: to another site",
    "ruled_compensate": "… upheld: compensate and close",
    "ruled_rejected": "… not upheld: close",
    "ruled_promised": "… either of the two while a promise is open: the site keeps it, then closes",
    "urge": "the platform urges",
    "repeat": "another complaint on the waybill",
    "repeat_reopens": "… that brings it back to work",
    "repeat_in_tray": "… the same for one that no site ever had",
    "reject": "the customer rejects the result",
    "reject_noted": "… when there is nothing to reject",
    "satisfied": "the customer is satisfied",
    "cancel": "the platform withdraws it",
    "callback_refused": "the platform refuses the answer",
    "undo_result": "its author takes the result back before it has left",
    "undo_unclaimed": "… of a ticket that nobody had claimed",
    "promise_broken": "a promise was not kept",
    "audit_reopens": "an audit finds the result untruthful",
    "audit_restores": "… the same of a withdrawal",
    "settle": "answer an expedite and close it in one step",
    "to_complaint": "make a complaint of an expedite that was asked about again and again",
    "customer_unhappy": "the customer is not content with the answer to an inquiry: once more",
    "accept_answer": "whoever asked or reported accepts the answer",
    "return_answer": "… or sends it back",
    "recall_report": "whoever asked or reported takes it back before there is an answer",
    "pass_up": "hand an inquiry up from the province to headquarters",
}
LIVE, BUT_WITHDRAWN = frozenset(OPEN_STATES), frozenset(OPEN_STATES | {lifecycle.CLOSED})


def page() -> str:
    """The whole page as Markdown."""
    head = [
        HEAD,
        "| action | means | from | to | by | only if | kinds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *(_line(rule) for rule in RULES)]) + "\n"


def _line(rule: Rule) -> str:
    needs = ", ".join(need.replace("_", " ") for need in rule.needs)
    desks = ", ".join(sorted(rule.desks))
    target = f"`{rule.target}`" if rule.target else "stays"
    return (
        f"| `{rule.action}` | {MEANS[rule.action]} | {_sources(rule)} | {target} | {desks} | {needs} | {_kinds(rule)} |"
    )


def _kinds(rule: Rule) -> str:
    return "all" if rule.kinds == frozenset(KINDS) else ", ".join(kind for kind in KINDS if kind in rule.kinds)


def _sources(rule: Rule) -> str:
    known = {frozenset(STATES): "any", LIVE: "any open", BUT_WITHDRAWN: "any but withdrawn"}
    if rule.sources in known:
        return known[rule.sources]
    return ", ".join(f"`{state}`" for state in STATES if state in rule.sources)
