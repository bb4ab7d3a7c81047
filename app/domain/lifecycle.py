"""A ticket's life (rulebook 3) as `lifecycle_rules` has it: which action leads where, and whose it is.

Everything that asks "may this be done" or "what happens then" asks here: pages, platform messages and jobs alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from app.domain.clocks import LEVEL_CCS
from app.domain.errors import NotAllowed
from app.domain.lifecycle_rules import ACTING as ACTING
from app.domain.lifecycle_rules import APPEALED as APPEALED
from app.domain.lifecycle_rules import AT_HEADQUARTERS as AT_HEADQUARTERS
from app.domain.lifecycle_rules import AT_WORK as AT_WORK
from app.domain.lifecycle_rules import BEFORE_THE_END as BEFORE_THE_END
from app.domain.lifecycle_rules import BY_ACTION as BY_ACTION
from app.domain.lifecycle_rules import CCS_AT_WORK as CCS_AT_WORK
from app.domain.lifecycle_rules import CCS_DESK as CCS_DESK
from app.domain.lifecycle_rules import CLOSED as CLOSED
from app.domain.lifecycle_rules import COURT as COURT
from app.domain.lifecycle_rules import ENDED_OR_OPEN as ENDED_OR_OPEN
from app.domain.lifecycle_rules import HANDLING as HANDLING
from app.domain.lifecycle_rules import IN_PROGRESS as IN_PROGRESS
from app.domain.lifecycle_rules import LCS_DESK as LCS_DESK
from app.domain.lifecycle_rules import LCS_OF_PARTY as LCS_OF_PARTY
from app.domain.lifecycle_rules import MAX_HOPS as MAX_HOPS
from app.domain.lifecycle_rules import OPEN as OPEN
from app.domain.lifecycle_rules import OPEN_STATES as OPEN_STATES
from app.domain.lifecycle_rules import ORDERED as ORDERED
from app.domain.lifecycle_rules import PARTY as PARTY
from app.domain.lifecycle_rules import PROMISE_BROKEN as PROMISE_BROKEN
from app.domain.lifecycle_rules import REPLIED as REPLIED
from app.domain.lifecycle_rules import REPORTER as REPORTER
from app.domain.lifecycle_rules import RULES as RULES
from app.domain.lifecycle_rules import STATES as STATES
from app.domain.lifecycle_rules import SYSTEM_DESK as SYSTEM_DESK
from app.domain.lifecycle_rules import WITHDRAWN as WITHDRAWN
from app.domain.lifecycle_rules import Rule as Rule
from app.domain.roles import LCS_MANAGER, SITE_MANAGER, Actor
from app.domain.ticket_facts import TicketFacts

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
    "worked_or_in_tray": lambda facts, actor: _closes_here(facts, desks_of(actor, facts)),
    "regulator_by_ccs": lambda facts, actor: not facts.regulator or CCS_DESK in desks_of(actor, facts),
    "reminded_twice": lambda facts, actor: facts.reminders >= REMINDERS,
    "below_headquarters": lambda facts, actor: facts.province_id is not None and facts.handling_site_id is None,
    "no_transfer": lambda facts, actor: not facts.cases.transfer,
    "transfer": lambda facts, actor: facts.cases.transfer,
    "hops_left": lambda facts, actor: facts.hops <= MAX_HOPS,  # the third return goes to the LCS itself
    "has_party": lambda facts, actor: bool(facts.cases.parties),
    "party_owes": lambda facts, actor: bool(facts.cases.asked),
    "asked": lambda facts, actor: actor.organisation_id in facts.cases.asked,
    "asked_or_contesting": lambda facts, actor: _may_dispute(facts, actor),
    "dispute_open": lambda facts, actor: bool(facts.cases.disputing),
    "dispute_rejected": lambda facts, actor: _may_arbitrate(facts, actor),
    "not_ruled": lambda facts, actor: not facts.cases.ruled,
    "court_hears": lambda facts, actor: court_of(actor) in facts.cases.hearing,
    "no_help": lambda facts, actor: not facts.help_open,
    "help_waits": lambda facts, actor: facts.help_open and facts.acting_id != facts.province_id,
    "nobody_acts": lambda facts, actor: facts.acting_id is None and facts.handling_site_id is not None,
    "urged_by_superior": lambda facts, actor: facts.urged_by_superior,
    "not_urgent": lambda facts, actor: facts.priority != "urgent",
    "category_asked": lambda facts, actor: facts.category_asked,
    "category_settled": lambda facts, actor: not facts.category_asked,
}


REMINDERS = 2  # after so many reminders an expedite may become a complaint
OF_ANOTHER_DESK = "worked_or_in_tray"  # unmet, the action is not this desk's at all


def _in_tray(facts: TicketFacts) -> bool:
    """Whether nobody works it: no site has it, and no service desk in its place."""
    return facts.handling_site_id is None and facts.acting_id is None


def _closes_here(facts: TicketFacts, desks: frozenset[str]) -> bool:
    """Who works it closes it; what nobody works, whoever has it before them; a regulator's case, headquarters too."""
    return _in_tray(facts) or bool({HANDLING, ACTING} & desks) or (facts.regulator and CCS_DESK in desks)


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
        REPORTER: own is not None and own == facts.reporter_id,
        ACTING: own is not None and own == facts.acting_id,
        LCS_DESK: actor.desk == "lcs" and actor.province_id == facts.province_id,
        LCS_OF_PARTY: actor.desk == "lcs" and actor.province_id in cases.provinces,
        COURT: court_of(actor) in cases.courts,
        CCS_DESK: actor.desk == "ccs",
        CCS_AT_WORK: actor.desk == "ccs" and facts.level >= LEVEL_CCS and facts.handling_site_id is not None,
    }
    return frozenset(hat for hat, worn in hats.items() if worn)


def concerned(actor: Actor, facts: TicketFacts) -> bool:
    """Whether a site has anything to do with the ticket; one that gave it away keeps its view of the past alone. The
    desks above have an eye on everything in their area."""
    return actor.desk != "site" or bool(desks_of(actor, facts))


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
    return _fits(BY_ACTION[action], facts, desks_of(actor, facts))


def _fits(rule: Rule, facts: TicketFacts, desks: frozenset[str]) -> bool:
    return facts.kind in rule.kinds and facts.state in rule.sources and not desks.isdisjoint(rule.desks)


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
    "customer_unhappy": "returned",
    "return_answer": "returned",
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
    regulator: bool = False,
) -> bool:  # fmt: skip
    """Whether it is this desk's turn: sites answer and, once it is settled (`to_close`), close, LCS routes, chases and
    helps, CCS rules and places the rest.

    A responsible party has its turn only while something is asked of it, which its own clock says. Nobody's turn is
    what waits for the customer. Who acts for a site has the turn that a site would have; what no site ever had and is
    settled is closed by the desk whose tray it came to. Whoever reported has its turn once there is an answer, and a
    regulator's case is closed by CCS.
    """
    if scope_desk in ("party", "lcs_of_party"):
        return False
    if scope_desk == "reporter":
        return state == REPLIED
    closes = state == REPLIED and to_close and (scope_desk == "ccs" or not regulator)
    works = closes or (state in AT_WORK and not waiting)
    in_tray = not routed and (state == OPEN or closes)
    if scope_desk == "site":
        return works
    if scope_desk == "lcs":
        return in_tray or overdue or level >= 1 or help_open or (acting and works)
    waits_here = (in_tray and not in_province) or (acting and works) or (regulator and closes)
    return state == APPEALED or waits_here or level >= LEVEL_CCS


def on_top(flags: Collection[str] | None, state: str) -> bool:
    """Whether a broken promise puts the ticket before everything else (rulebook 3.7): until the next result."""
    return PROMISE_BROKEN in (flags or ()) and state in AT_WORK


def allowed_actions(facts: TicketFacts, actor: Actor) -> tuple[str, ...]:
    """Every action open to this actor now, in the order of the table; the page loops over it."""
    desks = desks_of(actor, facts)
    return tuple(
        rule.action for rule in RULES if _fits(rule, facts, desks) and not _open_needs(rule.action, facts, actor)
    )
