"""Words for audits: marks, reasons, red flags, why something was drawn, and what the thread says."""

from __future__ import annotations

from app.domain import audits as rule
from app.services.ticket_view import Entry
from app.web import words
from app.web.context import translate as _
from app.web.language import table

TONES = {rule.TRUE: "good", rule.UNTRUTHFUL: "late", rule.INCOMPLETE: "soon"}


@table
def errors() -> dict[str, str]:
    """What is wrong with a mark or a policy."""
    return {
        "audit_marked": _("Somebody else has marked this audit already"),
        "audit_taken": _("A colleague has this audit before them now"),
        "not_marked": _("This audit is not marked yet"),
        "unchanged": _("That is what holds already"),
        "out_of_range": _("Outside of what is possible"),
        "cap_below_minimum": _("The cap lies below the minimum"),
        "remind_after_end": _("The reminder would come after the link's end"),
    }


@table
def events() -> dict[str, str]:
    """What the thread calls these entries."""
    return {"audited": _("Audit"), "audit_revised": _("Second opinion on the audit")}


@table
def marks() -> dict[str, str]:
    """What an auditor says of a result."""
    return {
        rule.TRUE: _("True"),
        rule.UNTRUTHFUL: _("Untruthful"),
        rule.INCOMPLETE: _("Incomplete"),
    }


@table
def mark_reasons() -> dict[str, str]:
    """Why a result is untruthful or incomplete."""
    return {
        "not_called": _("The customer was never called"),
        "false_signer": _("Somebody else signed"),
        "not_delivered": _("Not delivered as said"),
        "false_proof": _("The proof does not belong to this parcel"),
        "not_agreed": _("The customer agreed to nothing"),
        "not_done": _("What was said to be done is not done"),
        "other_untrue": _("Another untruth (say which)"),
        "no_signer": _("Does not say who signed"),
        "no_proof": _("Proof is missing"),
        "no_answer": _("Does not answer the complaint"),
        "no_remedy": _("No remedy, no date"),
        "no_contact": _("Does not say how the customer was reached"),
        "copied_text": _("A copied text without this case's facts"),
        "other_missing": _("Something else is missing (say what)"),
    }


@table
def why() -> dict[str, str]:
    """Why a result was drawn."""
    return {
        "sample": _("Random sample"),
        "red_flag": _("Red flag"),
        "appeal": _("Rejected by the customer"),
        "recheck": _("Re-check"),
    }


@table
def flags() -> dict[str, str]:
    """What looked wrong before anybody read it."""
    return {
        "same_text": _("The site used this text many times that day"),
        "no_delivery_scan": _("Said to be delivered, without a delivery scan"),
        "photo_reused": _("The picture lies on another ticket, too"),
        "photo_old": _("The picture is older than the parcel"),
        "too_quick": _("Answered within seconds of taking the ticket"),
        "signer_contradicts": _("The signer differs from the trace"),
        "own_number": _("The complainant's number is one of the site's own"),
    }


def said(mark: str, reason: str) -> str:
    """A mark with its reason in a line."""
    parts = [words.word(marks(), mark), words.word(mark_reasons(), reason) if reason else ""]
    return " · ".join(part for part in parts if part)


def _line(entry: Entry) -> str:
    return said(str(entry.data.get("mark", "")), str(entry.data.get("mark_reason", "")))


LINES = {"audited": _line, "audit_revised": _line}


def findings(entry: Entry) -> list[tuple[str, str]]:
    """Above the auditor's words: the mark."""
    return [(_("Mark"), _line(entry))] if entry.text else []


FINDINGS = dict.fromkeys(LINES, findings)
