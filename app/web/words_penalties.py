"""Words of the penalty ledger: rules, states, reasons, what is wrong; money in yuan. The thread says nothing of it."""

from __future__ import annotations

from app.domain.penalty_rules import CAP, PER_PERSON, RATE, PenaltyRule
from app.web.context import translate as _
from app.web.language import table

# money is the manager's: what the ledger writes on a ticket stands in its panel, for those who may see it
SILENT = ("penalty_entered", "penalty_proposed", "penalty_waived", "penalty_contested", "penalty_ruled")
TONES = {"proposed": "soon", "contested": "info", "waived": "good", "confirmed": ""}
CONTEST_TONES = {"open": "soon", "granted": "good", "silent": "good", "refused": "late", "dropped": ""}


@table
def rules() -> dict[str, str]:
    """What each rule is about (rulebook 5)."""
    return {
        "first_reply_late": _("First reply late"),
        "result_late": _("Result late"),
        "close_late": _("Close late"),
        "intervention": _("Intervention fee"),
        "untruthful": _("Untruthful reply"),
        "appeal_upheld": _("Customer's appeal upheld"),
        "promise_broken": _("Promise broken"),
        "wrong_return": _("Wrong return"),
        "overturned": _("Rejection overturned"),
        "party_late": _("Urged party late"),
        "loss": _("Loss by not following the customer's requirements"),
        "customer_limit": _("Limit of a project customer missed"),
        "slip_late": _("Sign-off slip late or unqualified"),
        "slip_resigned": _("Re-signed slip late"),
        "slip_lost": _("Sign-off slip lost"),
        "extra_cost": _("Extra cost"),
        "cap": _("Cap of a ticket"),
    }


@table
def states() -> dict[str, str]:
    """Where an entry stands."""
    return {
        "proposed": _("To be charged"),
        "contested": _("Contested"),
        "waived": _("Waived"),
        "confirmed": _("Charged"),
    }


@table
def contest_reasons() -> dict[str, str]:
    """Why an entry is contested."""
    return {
        "not_ours": _("Not ours"),
        "system_fault": _("System fault"),
        "force_majeure": _("Force majeure"),
        "customer": _("Caused by the customer"),
        "data_error": _("Data error"),
    }


@table
def reasons() -> dict[str, str]:
    """Why an entry is waived, or a charged one taken back."""
    return contest_reasons() | {
        "absorbed": _("Another entry of the same clock stands for it"),
        "withdrawn": _("The complaint was withdrawn"),
        "exempted": _("Exempted from the assessment"),
        "void": _("The clock was not the site's own"),
        "fact_gone": _("The finding was taken back"),
        "silent": _("Nobody decided in time"),
    }


@table
def contest_states() -> dict[str, str]:
    """Where a contest stands."""
    return {
        "open": _("Contest to decide"),
        "granted": _("Granted: not charged"),
        "refused": _("Refused: stays charged"),
        "silent": _("Not decided in time: not charged"),
        "dropped": _("Has become void"),
    }


@table
def hindrances() -> dict[str, str]:
    """Why this person cannot contest or decide."""
    return {
        "not_yours": _("This is not before your desk"),
        "for_ccs": _("Headquarters decides this one"),
        "own_hand": _("You wrote or acted in this ticket: somebody else decides"),
        "not_proposed": _("Only what is to be charged can be contested"),
        "contest_over": _("The time to contest it is over"),
        "no_step_left": _("The final step has been taken"),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with a field, or why a step is refused."""
    return hindrances() | {
        "entered_already": _("This very fact was entered on this ticket before. Nothing is charged twice"),
        "never_charged": _("This ticket is out of all measures: nothing is charged on it"),
        "must_be_later": _("Must lie in the future and after the newest version"),
        "amount_range": _("Please enter an amount between 0.01 and 1,000,000 yuan"),
        "rate_range": _("A rate is a fraction of whole numbers up to 10,000"),
        "points_range": _("Points go from 0 to 100"),
        "choose_one": _("Please choose one of the list"),
        "absorbs_circle": _("That rule stands for this one already: two cannot stand for each other"),
        "rule_stale": _("Somebody else has stored a version in the meantime"),
        "nothing_ticked": _("Tick at least one line"),
        "unknown_ticket": _("There is no such ticket in your area"),
        "unknown_account": _("There is no such account in that organisation"),
    }


@table
def liable() -> dict[str, str]:
    """Who bears it."""
    return {
        "organisation": _("the organisation"),
        "manager": _("the manager as a person"),
        "clerk_and_manager": _("slip clerk and manager, each"),
        "department": _("the department"),
    }


@table
def deciders() -> dict[str, str]:
    """Who decided the fact behind an entry."""
    return {"system": _("time"), "lcs": _("Province service"), "lcs_manager": _("Province service"),
            "ccs": _("Headquarters service"), "ccs_manager": _("Headquarters service")}  # fmt: skip


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals: 1,234.50."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def price(rule: PenaltyRule) -> str:
    """What a version charges, in a few words."""
    if rule.kind == RATE:
        cut = 100 * rule.numerator
        whole = (
            f"{cut // rule.denominator} %" if cut % rule.denominator == 0 else f"{rule.numerator}/{rule.denominator}"
        )
        said = _("%(rate)s of the amount", rate=whole)
    elif rule.kind == CAP:
        said = _("at most %(yuan)s yuan a ticket", yuan=yuan(rule.amount_fen))
    elif rule.kind == PER_PERSON:
        said = _("%(yuan)s yuan a person", yuan=yuan(rule.amount_fen))
    else:
        said = _("%(yuan)s yuan", yuan=yuan(rule.amount_fen))
    return " + ".join((said, _("%(n)s points of the manager", n=rule.points))) if rule.points else said


def text_of(rule: PenaltyRule) -> str:
    """A version as a sentence: price, who bears it, cap, what it absorbs."""
    parts = [price(rule), liable().get(rule.liable, rule.liable) if rule.kind != CAP else ""]
    if rule.kind != CAP:
        parts.append(_("within the cap of a ticket") if rule.cap_group else _("outside the cap"))
    names = rules()
    if rule.absorbs:
        absorbed = _(", ").join(names.get(code, code) for code in rule.absorbs)
        parts.append(_("replaces: %(rules)s", rules=absorbed))
    return _("; ").join(part for part in parts if part)
