"""A complaint's life as one table (rulebook 3): which action leads from which state to which, and whose it is.

Everything that asks "may this be done" or "what happens then" asks here: pages, platform messages and jobs alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from app.domain.clocks import LEVEL_CCS
from app.domain.errors import NotAllowed
from app.domain.roles import LCS_MANAGER, SITE_MANAGER, Actor
from app.domain.ticket_facts import TicketFacts

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
LCS_DESK, LCS_OF_PARTY, COURT, CCS_DESK, SYSTEM_DESK = "lcs", "lcs_of_party", "court", "ccs", "system"
CCS_AT_WORK = "ccs_at_work"
AT_HEADQUARTERS = 0  # a case that CCS rules on, among the ids of organisations


@dataclass(frozen=True)
class Rule:
    """One line of the table: `action` from any of `sources` to `target` (None keeps the state) by `desks`.

    `needs` names conditions of CONDITIONS, all of which must hold.
    """

    action: str
    sources: frozenset[str]
    target: str | None
    desks: frozenset[str]
    needs: tuple[str, ...] = ()


def _rule(action: str, sources: Iterable[str], target: str | None, *desks: str, needs: str = "") -> Rule:
    return Rule(action, frozenset(sources), target, frozenset(desks), tuple(needs.split()))


SITE = (HANDLING, ACTING)
SPEAKING = (*SITE, CCS_AT_WORK)  # whose words may leave the house (rulebook 3.6)
SUPERIOR = (LCS_DESK, CCS_DESK)
RULES = (
    _rule("claim", {OPEN}, IN_PROGRESS, *SITE, needs="unowned_or_own"),
    _rule("take", {IN_PROGRESS, REPLIED}, None, *SITE, needs="unowned"),
    _rule("give_back", BEFORE_THE_END, None, *SITE, needs="own_or_manager"),
    _rule("hand_over", BEFORE_THE_END, None, *SITE, needs="own_or_manager_or_unowned"),
    _rule("follow_up", AT_WORK, IN_PROGRESS, *SPEAKING),
    _rule("follow_up_replied", {REPLIED}, None, *SPEAKING),
    _rule("result", AT_WORK, REPLIED, *SPEAKING),
    _rule("note", ENDED_OR_OPEN, None, *SITE, PARTY, LCS_DESK, LCS_OF_PARTY, CCS_DESK),
    _rule("contact", BEFORE_THE_END, None, *SPEAKING),
    _rule("wait", {IN_PROGRESS}, None, *SITE, needs="not_waiting"),
    _rule("resume", ENDED_OR_OPEN, None, *SITE, SYSTEM_DESK, needs="waiting"),
    _rule("promise", OPEN_STATES, None, *SITE),
    _rule("courier_sms", BEFORE_THE_END, None, *SITE),
    _rule("close", {REPLIED}, CLOSED, *SITE, *SUPERIOR, needs="settled no_open_promise worked_or_in_tray"),
    _rule("told", {REPLIED}, None, *SITE, needs="unsettled"),
    _rule("customer_accepts", {REPLIED}, None, *SITE, needs="unsettled"),
    _rule("customer_rejects", {REPLIED, CLOSED}, APPEALED, *SITE, CCS_DESK, needs="answered"),
    _rule("withdraw", OPEN_STATES, WITHDRAWN, *SITE, LCS_DESK, CCS_DESK),
    _rule("correct_category", OPEN_STATES, None, *SITE, LCS_DESK, CCS_DESK, needs="category_settled"),
    _rule("consent_category", OPEN_STATES, None, LCS_DESK, CCS_DESK, needs="category_asked"),
    _rule("link_waybill", ENDED_OR_OPEN, None, *SITE, LCS_DESK, CCS_DESK),
    _rule("return", AT_WORK, None, HANDLING, needs="no_transfer hops_left"),
    _rule("transfer", AT_WORK, OPEN, COURT, CCS_DESK, SYSTEM_DESK, needs="transfer"),
    _rule("keep_at_lcs", AT_WORK, OPEN, COURT, CCS_DESK, SYSTEM_DESK, needs="transfer"),
    _rule("refuse_return", AT_WORK, None, COURT, CCS_DESK, needs="transfer"),
    _rule("add_party", {IN_PROGRESS, REPLIED}, None, *SITE, needs="first_replied"),
    _rule("remove_party", ENDED_OR_OPEN, None, *SITE, needs="has_party"),
    _rule("urge_party", ENDED_OR_OPEN, None, *SITE, needs="party_owes"),
    _rule("answer_as_party", ENDED_OR_OPEN, None, PARTY, needs="asked"),
    _rule("dispute", ENDED_OR_OPEN, None, PARTY, needs="asked_or_contesting"),
    _rule("agree_dispute", ENDED_OR_OPEN, None, *SITE, needs="dispute_open"),
    _rule("reject_dispute", ENDED_OR_OPEN, None, *SITE, needs="dispute_open"),
    _rule("arbitrate", ENDED_OR_OPEN, None, *SITE, PARTY, needs="dispute_rejected"),
    _rule("rule_dispute", ENDED_OR_OPEN, None, COURT, CCS_DESK, needs="court_hears"),
    _rule("order_evidence", ENDED_OR_OPEN, None, LCS_DESK, LCS_OF_PARTY, CCS_DESK),
    _rule("deliver_evidence", ENDED_OR_OPEN, None, ORDERED),
    _rule("ask_help", BEFORE_THE_END, None, HANDLING, needs="no_help"),
    _rule("recall_help", BEFORE_THE_END, None, HANDLING, needs="help_waits"),
    _rule("answer_help", BEFORE_THE_END, None, *SUPERIOR, needs="help_waits"),
    _rule("act_for", BEFORE_THE_END, None, LCS_DESK, needs="nobody_acts"),
    _rule("stop_acting", ENDED_OR_OPEN, None, ACTING, needs="routed"),
    _rule("urge_site", BEFORE_THE_END, None, *SUPERIOR, needs="routed"),
    _rule("intervene", {REPLIED}, CLOSED, *SUPERIOR, needs="no_help urged_by_superior no_open_promise"),
    _rule("raise_priority", AT_WORK, None, *SUPERIOR, needs="not_urgent"),
    _rule("ask_exemption", ENDED_OR_OPEN, None, *SITE, LCS_DESK, CCS_DESK),
    _rule("assign_site", {OPEN}, None, *SUPERIOR, needs="unrouted"),
    _rule("ruling", {APPEALED}, None, CCS_DESK),
    _rule("ruled_return", {APPEALED}, IN_PROGRESS, CCS_DESK, needs="worked"),
    _rule("ruled_other_site", {APPEALED}, OPEN, CCS_DESK),
    _rule("ruled_compensate", {APPEALED}, CLOSED, CCS_DESK, needs="no_open_promise"),
    _rule("ruled_rejected", {APPEALED}, CLOSED, CCS_DESK, needs="no_open_promise"),
    _rule("ruled_promised", {APPEALED}, REPLIED, CCS_DESK, needs="open_promise"),
    _rule("urge", STATES, None, SYSTEM_DESK),
    _rule("repeat", {OPEN, IN_PROGRESS, APPEALED}, None, SYSTEM_DESK),
    _rule("repeat_reopens", {REPLIED, CLOSED}, IN_PROGRESS, SYSTEM_DESK, needs="worked"),
    _rule("repeat_in_tray", {REPLIED, CLOSED}, OPEN, SYSTEM_DESK, needs="in_tray"),
    _rule("reject", {IN_PROGRESS, REPLIED, CLOSED}, APPEALED, SYSTEM_DESK, needs="answered"),
    _rule("reject_noted", {OPEN, IN_PROGRESS, APPEALED, WITHDRAWN}, None, SYSTEM_DESK),
    _rule("satisfied", {OPEN, IN_PROGRESS, REPLIED, APPEALED}, REPLIED, SYSTEM_DESK),
    _rule("cancel", OPEN_STATES, WITHDRAWN, SYSTEM_DESK),
    _rule("callback_refused", {REPLIED}, IN_PROGRESS, SYSTEM_DESK),
    _rule("promise_broken", {REPLIED}, IN_PROGRESS, SYSTEM_DESK),
    _rule("audit_reopens", {REPLIED, CLOSED}, IN_PROGRESS, SYSTEM_DESK, needs="worked"),
    _rule("audit_restores", {WITHDRAWN}, IN_PROGRESS, SYSTEM_DESK, needs="worked"),
    _rule("undo_result", {REPLIED}, IN_PROGRESS, SYSTEM_DESK),
    _rule("undo_unclaimed", {REPLIED}, OPEN, SYSTEM_DESK),
)
BY_ACTION = {rule.action: rule for rule in RULES}

Condition = Callable[[TicketFacts, Actor], bool]
CONDITIONS: dict[str, Condition] = {
    "unowned": lambda facts, actor: facts.owner_id is None,
    "unowned_or_own": lambda facts, actor: facts.owner_id in (None, actor.user_id),
    "own_or_manager": lambda facts, actor: facts.owner_id is not None and _own_or_manager(facts, actor),
    "own_or_manager_or_unowned": lambda facts, actor: facts.owner_id is None or _own_or_manager(facts, actor),
    "waiting": lambda facts, actor: facts.waiting,
    "not_waiting": lambda facts, actor: not facts.waiting,
    "settled": lambda facts, actor: facts.customer_accepted or facts.objection_over,
    "unsettled": lambda facts, actor: not (facts.customer_accepted or facts.objection_over),
    "no_open_promise": lambda facts, actor: facts.open_promises == 0,
    "open_promise": lambda facts, actor: facts.open_promises > 0,
    "answered": lambda facts, actor: facts.answered,
    "first_replied": lambda facts, actor: facts.first_replied,
    "routed": lambda facts, actor: facts.handling_site_id is not None,
    "unrouted": lambda facts, actor: facts.handling_site_id is None,
    "worked": lambda facts, actor: not _in_tray(facts),
    "in_tray": lambda facts, actor: _in_tray(facts),
    "worked_or_in_tray": lambda facts, actor: _in_tray(facts) or bool({HANDLING, ACTING} & desks_of(actor, facts)),
    "no_transfer": lambda facts, actor: not facts.cases.transfer,
    "transfer": lambda facts, actor: facts.cases.transfer,
    "hops_left": lambda facts, actor: facts.hops <= MAX_HOPS,  # the third return goes to the LCS itself
    "has_party": lambda facts, actor: bool(facts.cases.parties),
    "party_owes": lambda facts, actor: bool(facts.cases.asked),
    "asked": lambda facts, actor: actor.organisation_id in facts.cases.asked,
    "asked_or_contesting": lambda facts, actor: _may_dispute(facts, actor),
    "dispute_open": lambda facts, actor: bool(facts.cases.disputing),
    "dispute_rejected": lambda facts, actor: _may_arbitrate(facts, actor),
    "court_hears": lambda facts, actor: court_of(actor) in facts.cases.hearing,
    "no_help": lambda facts, actor: not facts.help_open,
    "help_waits": lambda facts, actor: facts.help_open and facts.acting_id != facts.province_id,
    "nobody_acts": lambda facts, actor: facts.acting_id is None and facts.handling_site_id is not None,
    "urged_by_superior": lambda facts, actor: facts.urged_by_superior,
    "not_urgent": lambda facts, actor: facts.priority != "urgent",
    "category_asked": lambda facts, actor: facts.category_asked,
    "category_settled": lambda facts, actor: not facts.category_asked,
}


OF_ANOTHER_DESK = "worked_or_in_tray"  # unmet, the action is not this desk's at all


def _in_tray(facts: TicketFacts) -> bool:
    """Whether nobody works it: no site has it, and no service desk in its place."""
    return facts.handling_site_id is None and facts.acting_id is None


def _own_or_manager(facts: TicketFacts, actor: Actor) -> bool:
    return facts.owner_id == actor.user_id or actor.role in (SITE_MANAGER, LCS_MANAGER)


def _may_dispute(facts: TicketFacts, actor: Actor) -> bool:
    """A party that is asked; one that is presumed responsible still owes its answer, but contests only for a while."""
    cases = facts.cases
    return actor.organisation_id in (cases.asked - cases.presumed) | cases.contesting


def _may_arbitrate(facts: TicketFacts, actor: Actor) -> bool:
    """Either side of a dispute: the party itself, or who handles the ticket."""
    if actor.organisation_id in facts.cases.rejected:
        return True
    return bool(facts.cases.rejected) and bool({HANDLING, ACTING} & desks_of(actor, facts))


def court_of(actor: Actor) -> int | None:
    """The court this actor sits in: the own province, AT_HEADQUARTERS for CCS, None for everybody else."""
    if actor.desk == "ccs":
        return AT_HEADQUARTERS
    return actor.province_id if actor.desk == "lcs" else None


def desks_of(actor: Actor, facts: TicketFacts) -> frozenset[str]:
    """The hats `actor` wears on this ticket; a person may wear several."""
    if actor.role == "system":
        return frozenset({SYSTEM_DESK})
    own, cases = actor.organisation_id, facts.cases
    hats = {
        HANDLING: actor.desk == "site" and own is not None and own == facts.handling_site_id,
        PARTY: actor.desk == "site" and own in cases.parties,
        ORDERED: own in cases.ordered,
        ACTING: own is not None and own == facts.acting_id,
        LCS_DESK: actor.desk == "lcs" and actor.province_id == facts.province_id,
        LCS_OF_PARTY: actor.desk == "lcs" and actor.province_id in cases.provinces,
        COURT: court_of(actor) in cases.courts,
        CCS_DESK: actor.desk == "ccs",
        CCS_AT_WORK: actor.desk == "ccs" and facts.level >= LEVEL_CCS and facts.handling_site_id is not None,
    }
    return frozenset(hat for hat, worn in hats.items() if worn)


def allowed(action: str, facts: TicketFacts, actor: Actor) -> bool:
    """True when the table has the line, the actor wears one of its hats, and its conditions hold."""
    return _in_the_table(action, facts, actor) and not _open_needs(action, facts, actor)


def unmet(action: str, facts: TicketFacts, actor: Actor) -> tuple[str, ...]:
    """The conditions that an action of this actor still waits for; empty where state or desk rule it out anyway."""
    if not _in_the_table(action, facts, actor):
        return ()
    needs = _open_needs(action, facts, actor)
    return () if OF_ANOTHER_DESK in needs else needs


def _open_needs(action: str, facts: TicketFacts, actor: Actor) -> tuple[str, ...]:
    return tuple(need for need in BY_ACTION[action].needs if not CONDITIONS[need](facts, actor))


def _in_the_table(action: str, facts: TicketFacts, actor: Actor) -> bool:
    rule = BY_ACTION[action]
    return facts.state in rule.sources and bool(rule.desks & desks_of(actor, facts))


def step(action: str, facts: TicketFacts, actor: Actor) -> str:
    """The state after `action`. Raises NotAllowed (code "not_allowed") where the table has no such line."""
    if not allowed(action, facts, actor):
        raise NotAllowed("not_allowed", action=action, state=facts.state)
    return BY_ACTION[action].target or facts.state


_QUEUE_AFTER = {
    "ruled_return": "returned",
    "repeat_reopens": "returned",
    "callback_refused": "returned",
    "promise_broken": "returned",
    "refuse_return": "returned",
    "audit_reopens": "returned",
    "audit_restores": "returned",
}


def queue_after(action: str, state: str, *, routed: bool, before: str) -> str:
    """The queue a ticket lies in after `action`: where a clerk looks for it (screens: work queue)."""
    if state == OPEN and not routed:
        return "tray"
    if state == OPEN and action != "refuse_return" and before != "returned":
        return "to_accept"
    if state == OPEN:
        return "returned"
    if state == IN_PROGRESS:
        if action == "wait" or (before == "waiting" and action not in _QUEUE_AFTER):
            return "waiting"
        return "returned" if action in _QUEUE_AFTER or before == "returned" else "working"
    return {REPLIED: "replied", APPEALED: "appealed"}.get(state, "done")


def turn_of(
    scope_desk: str, state: str, *, routed: bool, in_province: bool, overdue: bool, level: int,
    acting: bool = False, waiting: bool = False, help_open: bool = False, to_close: bool = False,
) -> bool:  # fmt: skip
    """Whether it is this desk's turn: sites answer and, once it is settled (`to_close`), close, LCS routes, chases and
    helps, CCS rules and places the rest.

    A responsible party has its turn only while something is asked of it, which its own clock says. Nobody's turn is
    what waits for the customer. Who acts for a site has the turn that a site would have; what no site ever had and is
    settled is closed by the desk whose tray it came to.
    """
    if scope_desk in ("party", "lcs_of_party"):
        return False
    closes = state == REPLIED and to_close
    works = closes or (state in AT_WORK and not waiting)
    in_tray = not routed and (state == OPEN or closes)
    if scope_desk == "site":
        return works
    if scope_desk == "lcs":
        return in_tray or overdue or level >= 1 or help_open or (acting and works)
    return state == APPEALED or (in_tray and not in_province) or level >= LEVEL_CCS


def on_top(flags: Collection[str] | None, state: str) -> bool:
    """Whether a broken promise puts the ticket before everything else (rulebook 3.7): until the next result."""
    return PROMISE_BROKEN in (flags or ()) and state in AT_WORK


def allowed_actions(facts: TicketFacts, actor: Actor) -> tuple[str, ...]:
    """Every action open to this actor now, in the order of the table; the page loops over it."""
    return tuple(rule.action for rule in RULES if allowed(rule.action, facts, actor))
