"""The one table of what may be done: which action leads from which state to which, for which kinds of ticket, and whose
it is (rulebook 2 and 3). `lifecycle` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain import kinds

OPEN, IN_PROGRESS, REPLIED = "open", "in_progress", "replied"
APPEALED, CLOSED, WITHDRAWN = "appealed", "closed", "withdrawn"
STATES = (OPEN, IN_PROGRESS, REPLIED, APPEALED, CLOSED, WITHDRAWN)
OPEN_STATES = frozenset({OPEN, IN_PROGRESS, REPLIED, APPEALED})

ENDED_OR_OPEN = OPEN_STATES | {CLOSED}
AT_WORK = frozenset({OPEN, IN_PROGRESS})
BEFORE_THE_END = frozenset({OPEN, IN_PROGRESS, REPLIED})
MAX_HOPS = 2
PROMISE_BROKEN = "promise_broken"  # a flag: first of all work, and before the LCS, until the next result

HANDLING, ACTING, PARTY, ORDERED = "handling", "acting", "party", "ordered"
REPORTER = "reporter"
LCS_DESK, LCS_OF_PARTY, COURT, CCS_DESK, SYSTEM_DESK = "lcs", "lcs_of_party", "court", "ccs", "system"
CCS_AT_WORK = "ccs_at_work"
AT_HEADQUARTERS = 0  # a case that CCS rules on, among the ids of organisations


@dataclass(frozen=True)
class Rule:
    """One line of the table: `action` from any of `sources` to `target` (None keeps the state) by `desks`, for tickets
    of these `kinds`.

    `needs` names conditions of CONDITIONS, all of which must hold.
    """

    action: str
    sources: frozenset[str]
    target: str | None
    desks: frozenset[str]
    needs: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset({kinds.COMPLAINT})


ALL = " ".join(kinds.KINDS)
ASKED_ABOUT = "complaint inquiry"  # a customer outside the house hears the answer
REPORTED = "problem inquiry"  # somebody inside the house asked, and says whether it is settled
OF_CUSTOMERS = "complaint expedite inquiry"
AT_PARCEL = "complaint expedite problem"
DISPUTED = "complaint problem"  # two sites may not be of one mind


def _rule(
    action: str, sources: Iterable[str], target: str | None, *desks: str, needs: str = "", kind: str = kinds.COMPLAINT
) -> Rule:
    parts = frozenset(sources), target, frozenset(desks), tuple(needs.split())
    return Rule(action, *parts, frozenset(kind.split()))


SITE = (HANDLING, ACTING)
SPEAKING = (*SITE, CCS_AT_WORK)  # whose words may leave the house (rulebook 3.6)
SUPERIOR = (LCS_DESK, CCS_DESK)
RULES = (
    _rule("claim", {OPEN}, IN_PROGRESS, *SITE, needs="unowned_or_own", kind=ALL),
    _rule("take", {IN_PROGRESS, REPLIED}, None, *SITE, needs="unowned", kind=ALL),
    _rule("give_back", BEFORE_THE_END, None, *SITE, needs="own_or_manager", kind=ALL),
    _rule("hand_over", BEFORE_THE_END, None, *SITE, needs="own_or_manager_or_unowned", kind=ALL),
    _rule("follow_up", AT_WORK, IN_PROGRESS, *SPEAKING, kind=ALL),
    _rule("follow_up_replied", {REPLIED}, None, *SPEAKING, kind="complaint problem inquiry"),
    _rule("result", AT_WORK, REPLIED, *SPEAKING, kind="complaint problem inquiry"),
    _rule("note", ENDED_OR_OPEN, None, *SITE, PARTY, REPORTER, LCS_DESK, LCS_OF_PARTY, CCS_DESK, kind=ALL),
    _rule("contact", BEFORE_THE_END, None, *SPEAKING, kind=ALL),
    _rule("wait", {IN_PROGRESS}, None, *SITE, needs="not_waiting", kind="complaint expedite"),
    _rule("resume", ENDED_OR_OPEN, None, *SITE, SYSTEM_DESK, needs="waiting", kind=ALL),
    _rule("promise", OPEN_STATES, None, *SITE),
    _rule("courier_sms", BEFORE_THE_END, None, *SITE, kind=AT_PARCEL),
    _rule(
        "close",
        {REPLIED},
        CLOSED,
        *SITE,
        *SUPERIOR,
        needs="settled no_open_promise worked_or_in_tray regulator_by_ccs",
        kind="complaint problem inquiry",
    ),
    _rule("told", {REPLIED}, None, *SITE, needs="unsettled", kind=ASKED_ABOUT),
    _rule("customer_accepts", {REPLIED}, None, *SITE, needs="unsettled", kind=ASKED_ABOUT),
    _rule("customer_rejects", {REPLIED, CLOSED}, APPEALED, *SITE, CCS_DESK, needs="answered"),
    _rule("withdraw", OPEN_STATES, WITHDRAWN, *SITE, LCS_DESK, CCS_DESK, needs="regulator_by_ccs", kind=OF_CUSTOMERS),
    _rule("correct_category", OPEN_STATES, None, *SITE, LCS_DESK, CCS_DESK, needs="category_settled"),
    _rule("consent_category", OPEN_STATES, None, LCS_DESK, CCS_DESK, needs="category_asked"),
    _rule("link_waybill", ENDED_OR_OPEN, None, *SITE, LCS_DESK, CCS_DESK, kind=ALL),
    _rule("return", AT_WORK, None, HANDLING, needs="no_transfer hops_left", kind=OF_CUSTOMERS),
    _rule("transfer", AT_WORK, OPEN, COURT, CCS_DESK, SYSTEM_DESK, needs="transfer", kind=OF_CUSTOMERS),
    _rule("keep_at_lcs", AT_WORK, OPEN, COURT, CCS_DESK, SYSTEM_DESK, needs="transfer", kind=OF_CUSTOMERS),
    _rule("refuse_return", AT_WORK, None, COURT, CCS_DESK, needs="transfer", kind=OF_CUSTOMERS),
    _rule("add_party", {IN_PROGRESS, REPLIED}, None, *SITE, needs="first_replied"),
    _rule("remove_party", ENDED_OR_OPEN, None, *SITE, needs="has_party"),
    _rule("urge_party", ENDED_OR_OPEN, None, *SITE, needs="party_owes"),
    _rule("answer_as_party", ENDED_OR_OPEN, None, PARTY, needs="asked"),
    _rule("dispute", ENDED_OR_OPEN, None, PARTY, needs="asked_or_contesting"),
    _rule("agree_dispute", ENDED_OR_OPEN, None, *SITE, needs="dispute_open"),
    _rule("reject_dispute", ENDED_OR_OPEN, None, *SITE, needs="dispute_open"),
    _rule("arbitrate", ENDED_OR_OPEN, None, *SITE, PARTY, needs="dispute_rejected", kind=DISPUTED),
    _rule("rule_dispute", ENDED_OR_OPEN, None, COURT, CCS_DESK, needs="court_hears", kind=DISPUTED),
    _rule("order_evidence", ENDED_OR_OPEN, None, LCS_DESK, LCS_OF_PARTY, CCS_DESK, kind=AT_PARCEL),
    _rule("deliver_evidence", ENDED_OR_OPEN, None, ORDERED, kind=AT_PARCEL),
    _rule("ask_help", BEFORE_THE_END, None, HANDLING, needs="no_help", kind=ALL),
    _rule("recall_help", BEFORE_THE_END, None, HANDLING, needs="help_waits", kind=ALL),
    _rule("answer_help", BEFORE_THE_END, None, *SUPERIOR, needs="help_waits", kind=ALL),
    _rule("act_for", BEFORE_THE_END, None, LCS_DESK, needs="nobody_acts", kind=ALL),
    _rule("stop_acting", ENDED_OR_OPEN, None, ACTING, needs="routed", kind=ALL),
    _rule("urge_site", BEFORE_THE_END, None, *SUPERIOR, needs="routed", kind=ALL),
    _rule(
        "intervene", {REPLIED}, CLOSED, *SUPERIOR, needs="no_help urged_by_superior no_open_promise regulator_by_ccs"
    ),
    _rule("raise_priority", AT_WORK, None, *SUPERIOR, needs="not_urgent", kind=ALL),
    _rule("ask_exemption", ENDED_OR_OPEN, None, *SITE, LCS_DESK, CCS_DESK, kind=AT_PARCEL),
    _rule("assign_site", {OPEN}, None, *SUPERIOR, needs="unrouted", kind=ALL),
    _rule("ruling", {APPEALED}, None, CCS_DESK),
    _rule("ruled_return", {APPEALED}, IN_PROGRESS, CCS_DESK, needs="worked"),
    _rule("ruled_other_site", {APPEALED}, OPEN, CCS_DESK),
    _rule("ruled_compensate", {APPEALED}, CLOSED, CCS_DESK, needs="no_open_promise"),
    _rule("ruled_rejected", {APPEALED}, CLOSED, CCS_DESK, needs="no_open_promise"),
    _rule("ruled_promised", {APPEALED}, REPLIED, CCS_DESK, needs="open_promise"),
    _rule("urge", STATES, None, SYSTEM_DESK, kind=ALL),
    _rule("repeat", {OPEN, IN_PROGRESS, APPEALED}, None, SYSTEM_DESK, kind=OF_CUSTOMERS),
    _rule("repeat_reopens", {REPLIED, CLOSED}, IN_PROGRESS, SYSTEM_DESK, needs="worked", kind=OF_CUSTOMERS),
    _rule("repeat_in_tray", {REPLIED, CLOSED}, OPEN, SYSTEM_DESK, needs="in_tray", kind=OF_CUSTOMERS),
    _rule("reject", {IN_PROGRESS, REPLIED, CLOSED}, APPEALED, SYSTEM_DESK, needs="answered"),
    _rule("reject_noted", {OPEN, IN_PROGRESS, APPEALED, WITHDRAWN}, None, SYSTEM_DESK, kind=OF_CUSTOMERS),
    _rule("satisfied", {OPEN, IN_PROGRESS, REPLIED, APPEALED}, REPLIED, SYSTEM_DESK, kind=ASKED_ABOUT),
    _rule("cancel", OPEN_STATES, WITHDRAWN, SYSTEM_DESK, kind=OF_CUSTOMERS),
    _rule("callback_refused", {REPLIED}, IN_PROGRESS, SYSTEM_DESK, kind=ALL),
    _rule("promise_broken", {REPLIED}, IN_PROGRESS, SYSTEM_DESK),
    _rule("audit_reopens", {REPLIED, CLOSED}, IN_PROGRESS, SYSTEM_DESK, needs="worked"),
    _rule("audit_restores", {WITHDRAWN}, IN_PROGRESS, SYSTEM_DESK, needs="worked"),
    _rule("settle", AT_WORK, CLOSED, *SPEAKING, kind="expedite"),
    _rule(
        "to_complaint", {OPEN, IN_PROGRESS, CLOSED}, CLOSED, *SITE, *SUPERIOR, needs="reminded_twice", kind="expedite"
    ),
    _rule("customer_unhappy", {REPLIED}, IN_PROGRESS, *SITE, SYSTEM_DESK, needs="answered", kind="inquiry"),
    _rule("accept_answer", {REPLIED}, CLOSED, REPORTER, kind=REPORTED),
    _rule("return_answer", {REPLIED}, IN_PROGRESS, REPORTER, needs="not_ruled", kind=REPORTED),
    _rule("recall_report", AT_WORK, WITHDRAWN, REPORTER, needs="not_ruled", kind=REPORTED),
    _rule("pass_up", AT_WORK, OPEN, ACTING, needs="below_headquarters", kind="inquiry"),
    _rule("undo_result", {REPLIED}, IN_PROGRESS, SYSTEM_DESK, kind="complaint problem inquiry"),
    _rule("undo_unclaimed", {REPLIED}, OPEN, SYSTEM_DESK, kind="complaint problem inquiry"),
)
BY_ACTION = {rule.action: rule for rule in RULES}
