"""Words for exemptions: reasons, states, why one may not decide, and what the thread says."""

from __future__ import annotations

from app.domain.exemptions import FOR_MANY
from app.services.ticket_view import Entry
from app.web import words, words_clocks
from app.web.context import translate as _
from app.web.language import table


@table
def reasons() -> dict[str, str]:
    """Why a clock should not be assessed (rulebook 4)."""
    return {
        "system_fault": _("System fault"),
        "power_network": _("Power or network cut"),
        "force_majeure": _("Force majeure"),
        "malicious_claimant": _("Malicious claimant"),
        "other": _("Other"),
    }


@table
def reasons_for_many() -> dict[str, str]:
    """Those that can hold for several tickets."""
    return {code: text for code, text in reasons().items() if code in FOR_MANY}


@table
def states() -> dict[str, str]:
    """Where a request stands."""
    return {
        "asked": _("To decide"),
        "granted": _("Exemption granted"),
        "refused": _("Refused"),
        "revoked": _("Revoked"),
    }


@table
def hindrances() -> dict[str, str]:
    """Why this person may not decide it."""
    return {
        "not_yours": "",
        "for_lcs_manager": _("More than 5 tickets: the province manager decides"),
        "for_ccs_manager": _("An area or several provinces: the headquarters manager decides"),
        "own_hand": _("You asked for it or acted in one of its tickets: somebody else decides"),
        "not_confirmed": _("Waits until an administrator has said whether the fault was real"),
        "not_real": _("The administrator says there was no such fault: it can only be refused"),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with a field, or why a decision is refused."""
    own = {
        "proof_needed": _("Please add a picture as proof"),
        "clock_taken": _("One of these clocks cannot be asked for any more"),
        "too_many_clocks": _("At most 200 clocks at once"),
        "unknown_area": _("There is no such province in your area"),
        "before_start": _("The end must be after the start"),
        "decided_already": _("Somebody has decided this already"),
        "not_granted": _("Only a granted exemption can be revoked"),
    }
    return own | {code: text for code, text in hindrances().items() if text}


@table
def events() -> dict[str, str]:
    """The thread."""
    return {
        "exemption_asked": _("Asks for an exemption"),
        "clock_exempted": _("Exempted from the assessment"),
        "exemption_refused": _("Exemption refused"),
        "exemption_revoked": _("Exemption revoked: the clock counts again"),
    }


def runs_and_reason(entry: Entry) -> str:
    """What a line of the thread says of its clocks and its reason."""
    data = entry.data
    runs = data.get("runs") or [[data.get("kind", ""), data.get("run", 1)]]
    names = _(", ").join(words_clocks.clock(kind, run) for kind, run in runs)
    return f"{names} · {words.word(reasons(), data.get('reason', ''))}"


LINES = dict.fromkeys(("exemption_asked", "clock_exempted", "exemption_refused", "exemption_revoked"), runs_and_reason)
