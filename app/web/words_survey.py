"""Words for satisfaction: scores, call-backs, and what the thread says."""

from __future__ import annotations

from app.services.ticket_view import Entry
from app.web import words
from app.web.context import translate as _
from app.web.language import table

TONES = {1: "late", 2: "late", 3: "soon", 4: "good", 5: "good"}


@table
def errors() -> dict[str, str]:
    """What is wrong with a rating or a call-back."""
    return {
        "rated_already": _("The complainant has rated already"),
        "only_when_reached": _("A rating can only be given by somebody who was reached"),
        "call_not_due": _("This call-back is settled already"),
    }


@table
def events() -> dict[str, str]:
    """What the thread calls these entries."""
    return {
        "survey_asked": _("Asked for a rating"),
        "survey_reminded": _("Reminded of the rating"),
        "rated": _("Rating"),
        "called_back": _("Call-back"),
    }


@table
def scores() -> dict[str, str]:
    """The five buttons."""
    return {
        "5": _("Very satisfied"),
        "4": _("Rather satisfied"),
        "3": _("Neither"),
        "2": _("Dissatisfied"),
        "1": _("Very dissatisfied"),
    }


@table
def call_outcomes() -> dict[str, str]:
    """How a call-back ended."""
    return {
        "reached": _("Reached"),
        "no_answer": _("No answer"),
        "busy": _("Busy"),
        "number_off": _("Number off or expired"),
        "declined": _("Does not want to answer"),
    }


def score(value: int) -> str:
    """A score in words: 4 / 5 · Satisfied."""
    return f"{value} / 5 · {words.word(scores(), str(value))}"


def _rated(entry: Entry) -> str:
    parts = [score(int(entry.data.get("score", 0))), _("by telephone") if entry.data.get("by") == "call" else ""]
    parts.append("" if entry.data.get("counted", True) else _("does not count for the site"))
    return " · ".join(part for part in parts if part)


def _called(entry: Entry) -> str:
    return words.word(call_outcomes(), str(entry.data.get("outcome", "")))


def _asked(entry: Entry) -> str:
    return _("by SMS to %(phone)s", phone=entry.data["to"]) if entry.data.get("to") else ""


LINES = {"rated": _rated, "called_back": _called, "survey_asked": _asked}


def findings(entry: Entry) -> list[tuple[str, str]]:
    """Above the words of a rating or a call-back: score and outcome."""
    return [(events()[entry.type], LINES[entry.type](entry))] if entry.text else []


FINDINGS = dict.fromkeys(("rated", "called_back"), findings)
