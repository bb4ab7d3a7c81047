"""What a month's close says: states, the checklist, why something is refused."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table


@table
def errors() -> dict[str, str]:
    """What is wrong with a field of the month's books, or why a step is refused."""
    return {
        "month_frozen": _("This month is frozen"), "month_running": _("This month is not over yet"),
        "already_frozen": _("This month is frozen already"),
        "freeze_met_writer": _("Somebody else was writing at the same moment. Nothing is frozen; please try again."),
        "out_of_range": _("This number is out of range"), "above_full": _("Zero points must lie below full points"),
        "not_a_hundred": _("The weights must add up to 100"),
        "not_in_order": _("Numbers in falling or rising order, apart by commas"),
        "not_a_month": _("A month is written 2026-10"), "unknown_code": _("There is no frozen card with this code"),
        "libraries_missing": _("This machine cannot make PDF files. Please use the browser's print."),
    }  # fmt: skip


@table
def states() -> dict[str, str]:
    """How far a month is."""
    return {"running": _("month under way"), "drafted": _("drafts open"), "frozen": _("frozen")}


@table
def points() -> dict[str, str]:
    """The checklist's lines."""
    return {
        "too_early": _("Days until the month may be frozen"), "earlier_open": _("Earlier months that are not frozen"),
        "sweep_behind": _("Deadlines of this month that the scheduler has not looked at yet"),
        "analyses": _("Provinces without their analysis"),
        "contests": _("Contested penalties: not charged this month"),
        "exemptions": _("Exemptions not decided: their clocks count"),
        "audits": _("Results drawn for the audit and not marked: they do not count"),
    }  # fmt: skip


@table
def texts() -> dict[str, str]:
    """The fields of an analysis."""
    return {
        "causes": _("What caused the month's results"), "measures": _("What is done about it, by whom, until when"),
        "requests": _("What headquarters should help with"),
    }  # fmt: skip
