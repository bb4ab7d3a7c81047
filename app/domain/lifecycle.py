"""A complaint's life as one table (rulebook 3): which action leads from which state to which, and whose it is.

Everything that asks "may this be done" or "what happens then" asks here: pages, platform messages and jobs alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.errors import NotAllowed
from app.domain.roles import Actor

OPEN, IN_PROGRESS, REPLIED = "open", "in_progress", "replied"
APPEALED, CLOSED, WITHDRAWN = "appealed", "closed", "withdrawn"
STATES = (OPEN, IN_PROGRESS, REPLIED, APPEALED, CLOSED, WITHDRAWN)
OPEN_STATES = frozenset({OPEN, IN_PROGRESS, REPLIED, APPEALED})

HANDLING, LCS_DESK, CCS_DESK, SYSTEM_DESK = "handling", "lcs", "ccs", "system"


@dataclass(frozen=True)
class TicketFacts:
    """What the table needs to know of a ticket; services fill it from the row."""

    state: str
    routed: bool = True
    handling_site_id: int | None = None
    province_id: int | None = None
    owner_id: int | None = None
    answered: bool = False
    customer_accepted: bool = False
    objection_over: bool = False
    open_promises: int = 0


@dataclass(frozen=True)
class Rule:
    """One line of the table: `action` from any of `sources` to `target` (None keeps the state) by `desks`."""

    action: str
    sources: frozenset[str]
    target: str | None
    desks: frozenset[str]


def _rule(action: str, sources: Iterable[str], target: str | None, *desks: str) -> Rule:
    return Rule(action, frozenset(sources), target, frozenset(desks))


RULES = (
    _rule("claim", {OPEN}, IN_PROGRESS, HANDLING),
    _rule("follow_up", {OPEN, IN_PROGRESS}, IN_PROGRESS, HANDLING),
    _rule("follow_up_replied", {REPLIED}, None, HANDLING),
    _rule("result", {OPEN, IN_PROGRESS}, REPLIED, HANDLING),
    _rule("note", OPEN_STATES | {CLOSED}, None, HANDLING, LCS_DESK, CCS_DESK),
    _rule("promise", OPEN_STATES, None, HANDLING),
    _rule("courier_sms", {OPEN, IN_PROGRESS, REPLIED}, None, HANDLING),
    _rule("close", {REPLIED}, CLOSED, HANDLING),
    _rule("assign_site", {OPEN}, None, LCS_DESK, CCS_DESK),
    _rule("ruling", {APPEALED}, None, CCS_DESK),
    _rule("ruled_return", {APPEALED}, IN_PROGRESS, CCS_DESK),
    _rule("ruled_other_site", {APPEALED}, OPEN, CCS_DESK),
    _rule("ruled_compensate", {APPEALED}, CLOSED, CCS_DESK),
    _rule("ruled_rejected", {APPEALED}, CLOSED, CCS_DESK),
    _rule("urge", STATES, None, SYSTEM_DESK),
    _rule("repeat", {OPEN, IN_PROGRESS, APPEALED}, None, SYSTEM_DESK),
    _rule("repeat_reopens", {REPLIED, CLOSED}, IN_PROGRESS, SYSTEM_DESK),
    _rule("reject", {IN_PROGRESS, REPLIED, CLOSED}, APPEALED, SYSTEM_DESK),
    _rule("reject_noted", {OPEN, IN_PROGRESS, APPEALED, WITHDRAWN}, None, SYSTEM_DESK),
    _rule("satisfied", {OPEN, IN_PROGRESS, REPLIED, APPEALED}, REPLIED, SYSTEM_DESK),
    _rule("cancel", OPEN_STATES, WITHDRAWN, SYSTEM_DESK),
    _rule("callback_refused", {REPLIED}, IN_PROGRESS, SYSTEM_DESK),
    _rule("promise_broken", {REPLIED}, IN_PROGRESS, SYSTEM_DESK),
)
BY_ACTION = {rule.action: rule for rule in RULES}


def desks_of(actor: Actor, facts: TicketFacts) -> frozenset[str]:
    """The hats `actor` wears on this ticket: handling site, LCS of the province, CCS, system."""
    if actor.role == "system":
        return frozenset({SYSTEM_DESK})
    hats = set()
    if actor.desk == "site" and facts.handling_site_id is not None:
        if actor.organisation_id == facts.handling_site_id:
            hats.add(HANDLING)
    if actor.desk == "lcs" and actor.province_id == facts.province_id:
        hats.add(LCS_DESK)
    if actor.desk == "ccs":
        hats.add(CCS_DESK)
    return frozenset(hats)


def allowed(action: str, facts: TicketFacts, actor: Actor) -> bool:
    """True when the table has the line and the actor wears one of its hats."""
    rule = BY_ACTION[action]
    if facts.state not in rule.sources or not rule.desks & desks_of(actor, facts):
        return False
    if action == "close":
        settled = facts.customer_accepted or facts.objection_over
        return settled and facts.open_promises == 0
    if action == "reject":
        return facts.answered
    return facts.handling_site_id is None if action == "assign_site" else True


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
}


def queue_after(action: str, state: str, *, routed: bool, before: str) -> str:
    """The queue a ticket lies in after `action`: where a clerk looks for it (screens: work queue)."""
    if state == OPEN:
        return "to_accept" if routed else "tray"
    if state == IN_PROGRESS:
        if action in _QUEUE_AFTER or before == "returned":
            return "returned"
        return "working"
    return {REPLIED: "replied", APPEALED: "appealed"}.get(state, "done")


def turn_of(scope_desk: str, state: str, *, routed: bool, in_province: bool, overdue: bool, level: int) -> bool:
    """Whether it is this desk's turn: sites answer, LCS routes and chases, CCS rules and places the rest."""
    if scope_desk == "site":
        return state in (OPEN, IN_PROGRESS)
    if scope_desk == "lcs":
        return (state == OPEN and not routed) or overdue or level >= 1
    return state == APPEALED or (state == OPEN and not routed and not in_province) or level >= 2


def allowed_actions(facts: TicketFacts, actor: Actor) -> tuple[str, ...]:
    """Every action open to this actor now, in the order of the table; the page loops over it."""
    return tuple(rule.action for rule in RULES if allowed(rule.action, facts, actor))
