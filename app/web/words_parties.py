"""The words of responsible parties, disputes, arbitration and evidence orders."""

from __future__ import annotations

from flask import g

from app.models import Organisation
from app.web.context import translate as _
from app.web.language import table

RED = frozenset({"party_presumed", "evidence_silent", "lateness_booked"})
SILENT: frozenset[str] = frozenset()


@table
def errors() -> dict[str, str]:
    """Why something about a party is refused, and what to do."""
    return {
        "unknown_organisation": _("There is no such organisation. Please check its code or its full name"),
        "not_a_party": _("Only a site, hub or department can be a responsible party"),
        "own_organisation": _("This is the own organisation. Please name another one"),
        "organisation_closed": _("This organisation is closed. Please name whoever took over its work"),
        "party_already": _("This organisation is in the ticket already"),
        "too_many_parties": _("The ticket has as many parties as are allowed. Remove one first"),
        "hops_used": _("It was handed on three times. Headquarters decides now"),
        "unknown_party": _("Please choose one of the parties this is possible for"),
        "party_answered": _("This party has answered already"),
        "urged_recently": _("This party was urged a moment ago. It is possible again from %(at)s"),
        "contest_over": _("The day for contesting is over. You can still answer"),
        "ccs_is_final": _("Headquarters has ruled; its ruling is final"),
        "own_work": _("You have written in this case yourself. A colleague has to rule"),
        "party_not_heard": _("A party can still speak, or its dispute is unanswered. Rule when all are heard"),
        "share_range": _("A share lies between 0 and 100"),
        "shares_not_100": _("All shares together must be exactly 100"),
    }


@table
def events() -> dict[str, str]:
    """What happened, in the thread."""
    return {
        "party_added": _("Responsible party added"),
        "party_removed": _("Responsible party removed"),
        "party_urged": _("Responsible party urged"),
        "party_answered": _("Answer of the responsible party"),
        "party_presumed": _("No answer in time: presumed responsible"),
        "presumption_final": _("Presumption final"),
        "party_disputed": _("Disputes its liability"),
        "dispute_agreed": _("Dispute agreed: not liable"),
        "dispute_rejected": _("Dispute rejected"),
        "dispute_unanswered": _("Dispute unanswered: counts as rejected"),
        "arbitration_raised": _("Reported to arbitration"),
        "arbitration_moved": _("Arbitration moved to headquarters"),
        "dispute_ruled": _("Ruling on the responsibility"),
        "rejection_overturned": _("Rejection overturned"),
        "rejection_restored": _("Rejection upheld after all"),
        "lateness_booked": _("Late result booked to the urged party"),
        "evidence_ordered": _("Evidence ordered"),
        "evidence_delivered": _("Evidence delivered"),
        "evidence_silent": _("Ordered evidence did not come"),
    }


@table
def clock_kinds() -> dict[str, str]:
    """What these clocks wait for."""
    return {"party_reply": _("Party's answer"), "ruling": _("Ruling"), "evidence": _("Evidence")}


@table
def queues() -> dict[str, str]:
    """The queues of what is asked of one desk alone."""
    return {"to_answer": _("Waiting for our answer"), "to_rule": _("To rule on")}


@table
def states() -> dict[str, str]:
    """Where a party's case stands."""
    return {
        "asked": _("answer outstanding"),
        "answered": _("answered"),
        "presumed": _("presumed responsible"),
        "disputed": _("disputes"),
        "rejected": _("dispute rejected"),
        "arbitration": _("at arbitration"),
        "ruled": _("ruled"),
        "not_liable": _("not liable"),
    }


@table
def order_states() -> dict[str, str]:
    """Where an evidence order stands."""
    return {"open": _("outstanding"), "silent": _("did not come"), "delivered": _("delivered")}


@table
def reasons() -> dict[str, str]:
    """Why a party says that it is not liable."""
    return {
        "not_our_scan": _("Not our scan"),
        "delivered_properly": _("Delivered properly"),
        "other_party": _("Another organisation is responsible"),
        "force_majeure": _("Force majeure"),
        "data_error": _("Wrong data"),
    }


def court(at_headquarters: bool) -> str:
    """Who rules."""
    return _("Headquarters service") if at_headquarters else _("Province service")


def place_name(place: Organisation) -> str:
    """An organisation in the reader's language."""
    return (place.name_en or place.name) if g.fmt.english else place.name
