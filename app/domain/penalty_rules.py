"""What a fact costs: rules of the penalty ledger as versioned data, and their one rounding (rulebook 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.domain.errors import DomainError

FIXED, RATE, PER_PERSON, CAP = "fixed", "rate", "per_person", "cap"
KINDS = (FIXED, RATE, PER_PERSON, CAP)
ORGANISATION, MANAGER, CLERK_AND_MANAGER, DEPARTMENT = "organisation", "manager", "clerk_and_manager", "department"
TICKET = "ticket"  # the group of rules that share one cap a ticket; a rule without a group stands outside of any
BY_HAND = ("loss", "slip_late", "slip_resigned", "slip_lost", "extra_cost")  # facts that no event tells of by itself
LATENESS = ("first_reply_late", "result_late", "close_late", "party_late", "customer_limit")  # facts of a clock run
ABSORBERS = (*LATENESS, "intervention")  # what may stand for another entry of the same run
MOST_FEN = 100_000_000  # a million yuan: more is a slip of the finger
MOST_POINTS = 100


class NoRule(DomainError):
    """No version of a rule was in force."""


@dataclass(frozen=True)
class PenaltyRule:
    """One version of one rule. `amount_fen` is the price of a fact (FIXED), of each liable person (PER_PERSON) or the
    most that a ticket's facts of `cap_group` cost together (CAP); RATE takes numerator/denominator of the fact's base.

    `points` are taken off the manager as a person. `absorbs` names the rules whose lateness of the same clock this one
    replaces. `cap_group` "" stands outside the cap.
    """

    code: str
    version: int
    effective_from: datetime
    kind: str = FIXED
    amount_fen: int = 0
    numerator: int = 0
    denominator: int = 1
    points: int = 0
    liable: str = ORGANISATION
    absorbs: tuple[str, ...] = ()
    cap_group: str = TICKET


def defaults(effective_from: datetime) -> tuple[PenaltyRule, ...]:
    """Version 1 of every rule of rulebook 5 (D), money in fen."""

    def one(code: str, amount_fen: int = 0, **more: object) -> PenaltyRule:
        return PenaltyRule(code, 1, effective_from, amount_fen=amount_fen, **more)  # type: ignore[arg-type]

    return (
        one("first_reply_late", 2000),
        one("result_late", 5000),
        one("close_late", 2000),
        one("intervention", 5000, absorbs=("close_late",)),
        one("untruthful", 10_000, points=5, cap_group=""),
        one("appeal_upheld", 5000),
        one("promise_broken", 5000),
        one("wrong_return", 2000),
        one("overturned", 2000),
        one("party_late", 5000),
        one("loss", kind=RATE, numerator=3, denominator=10, points=5, cap_group=""),
        one("customer_limit", 2000, kind=PER_PERSON, liable=MANAGER),
        one("slip_late", 2000, kind=PER_PERSON, liable=CLERK_AND_MANAGER),
        one("slip_resigned", 3000, kind=PER_PERSON, liable=CLERK_AND_MANAGER),
        one("slip_lost", 5000, kind=PER_PERSON, liable=CLERK_AND_MANAGER),
        one("extra_cost", kind=RATE, numerator=1, denominator=1, liable=DEPARTMENT, cap_group=""),
        one("cap", 15_000, kind=CAP),
    )


CODES = tuple(rule.code for rule in defaults(datetime.min.replace(tzinfo=UTC)))


def in_force(rules: Iterable[PenaltyRule], code: str, at: datetime) -> PenaltyRule:
    """The version of a rule that binds a fact decided at an instant. Raises NoRule."""
    known = [rule for rule in rules if rule.code == code and rule.effective_from <= at]
    if not known:
        raise NoRule("no_penalty_rule", rule=code)
    return max(known, key=lambda rule: (rule.effective_from, rule.version))


def cap_of(rules: Iterable[PenaltyRule], group: str, at: datetime) -> int | None:
    """The most that a ticket's facts of a group cost together, in fen; None where nothing limits them."""
    caps = [r for r in rules if r.kind == CAP and r.cap_group == group and r.effective_from <= at]
    return max(caps, key=lambda rule: (rule.effective_from, rule.version)).amount_fen if group and caps else None


def price(rule: PenaltyRule, base_fen: int = 0) -> int:
    """The full price of one fact in fen. The only rounding of the ledger: half up, from the exact fraction."""
    if rule.kind != RATE:
        return rule.amount_fen
    return (2 * base_fen * rule.numerator + rule.denominator) // (2 * rule.denominator)


def bearers(rule: PenaltyRule) -> tuple[str, ...]:
    """Who may bear a rule: a share of a loss an organisation, a slip also its clerk; a cap is borne by nobody."""
    if rule.kind == CAP:
        return ()
    if rule.kind == RATE:
        return ORGANISATION, DEPARTMENT
    return (ORGANISATION, MANAGER, CLERK_AND_MANAGER) if rule.code in BY_HAND else (ORGANISATION, MANAGER)


def absorbable(code: str) -> tuple[str, ...]:
    """Whose entries of the same clock run a rule may stand for; none where it is no fact of a run."""
    return tuple(one for one in LATENESS if one != code) if code in ABSORBERS else ()


def borne_by(rule: PenaltyRule, liable: str) -> PenaltyRule:
    """The rule borne by somebody else: what people bear is priced a person."""
    if rule.kind in (RATE, CAP):
        return replace(rule, liable=liable)
    return replace(rule, liable=liable, kind=FIXED if liable == ORGANISATION else PER_PERSON)


def in_circle(rule: PenaltyRule, others: Iterable[PenaltyRule]) -> bool:
    """Whether a rule absorbs one whose newest version absorbs it: then nothing would be charged."""
    newest: dict[str, PenaltyRule] = {}
    for one in others:
        if one.code not in newest or newest[one.code].version < one.version:
            newest[one.code] = one
    return any(rule.code in newest[code].absorbs for code in rule.absorbs if code in newest)


def faults(
    rule: PenaltyRule, *, newest: PenaltyRule, now: datetime, others: Iterable[PenaltyRule] = ()
) -> dict[str, str]:
    """What is wrong with a drafted version, by field: it binds facts from an instant to come, never past ones.
    `others` are the versions of every rule."""
    wrong = {}
    if rule.kind != CAP and rule.liable not in bearers(rule):
        wrong["liable"] = "choose_one"
    if not set(rule.absorbs) <= set(absorbable(rule.code)):
        wrong["absorbs"] = "choose_one"
    elif in_circle(rule, others):
        wrong["absorbs"] = "absorbs_circle"
    if rule.cap_group not in ("", TICKET) or (rule.kind == CAP and not rule.cap_group):
        wrong["cap_group"] = "choose_one"
    if rule.effective_from <= now or rule.effective_from <= newest.effective_from:
        wrong["effective_from"] = "must_be_later"
    if not 0 <= rule.amount_fen <= MOST_FEN:
        wrong["amount"] = "amount_range"
    if rule.kind == RATE and not (0 <= rule.numerator <= 10_000 and 1 <= rule.denominator <= 10_000):
        wrong["rate"] = "rate_range"
    if not 0 <= rule.points <= MOST_POINTS:
        wrong["points"] = "points_range"
    return wrong
