"""The words of the kinds beside the complaint: expedites, inquiries, and what a regulator stands behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.services.ticket_view import Entry
from app.web.context import translate as _
from app.web.language import table

SILENT = {"to_desk", "answer_given"}


@table
def errors() -> dict[str, str]:
    """What is wrong with a field, or why an action is refused."""
    return {
        "no_desk": _("There is nobody to ask there"),
        "bad_kind": _("There is no such kind of ticket"),
        "bad_category": _("This kind of ticket has no such category"),
        "bad_channel": _("There is no such channel"),
        "not_answered": _("An article is made of an inquiry that is answered"),
        "complaint_category": _("Please choose a category of complaints"),
    }


@table
def events() -> dict[str, str]:
    """The entries of the thread."""
    return {
        "answer_accepted": _("Answer accepted"),
        "answer_returned": _("Answer sent back"),
        "report_recalled": _("Taken back by whoever asked or reported"),
        "passed_up": _("Handed up to headquarters"),
        "turned": _("Turned into a complaint"),
        "made_of_expedite": _("Made of an expedite"),
    }


def entries(kind: str) -> dict[str, str]:
    """What an entry is called where it is no complaint's."""
    return _entries().get(kind, {})


@table
def _entries() -> dict[str, Any]:
    return {
        "expedite": {"received": _("Expedite"), "repeat": _("Asked again"), "result": _("Reply and close")},
        "inquiry": {"received": _("Inquiry"), "result": _("Answer")},
    }


@table
def expedite_outcomes() -> dict[str, str]:
    """What a site finds when somebody asks where the parcel is, or wants one collected."""
    return {
        "delivered": _("Delivered by now"),
        "out_today": _("Out for delivery today"),
        "in_transit": _("Still on its way"),
        "held": _("Held: address, refusal or customs"),
        "not_found": _("Not found yet, being looked for"),
        "collected": _("Collected by now"),
        "collect_today": _("Collected today"),
        "order_cancelled": _("The customer does not need it any more"),
    }


@table
def sheet_faults() -> dict[str, str]:
    """Why a sheet, or a row of it, cannot be taken in."""
    return {
        "empty": _("Please choose a file"),
        "too_large": _("The file is larger than 2 MB. Please split it or make it smaller, then choose it again."),
        "not_excel": _("This is no Excel file (.xlsx)"),
        "too_many_rows": _("There are too many rows: please split the list"),
        "no_column": _("The first row does not name this column"),
        "no_rows": _("There is no row below the headings"),
        "unknown_site": _("There is no such site"),
    }


@table
def columns() -> dict[str, str]:
    """The columns of a sheet of tickets."""
    return {
        "kind": _("Kind"), "category": _("Category"), "channel": _("Channel"), "waybill": _("Waybill"),
        "complainant_kind": _("Complainant"), "name": _("Name"), "phone": _("Phone"), "address": _("Address"),
        "site_code": _("Site code"), "text": _("What happened"),
    }  # fmt: skip


@table
def delivery_promises() -> dict[str, str]:
    """Whether the parcel was inside its delivery promise when somebody asked."""
    return {"inside": _("Inside the promised time"), "outside": _("Past the promised time")}


def findings(entry: Entry) -> list[tuple[str, str]]:
    """What stands above an entry's text."""
    outcome = entry.data.get("outcome")
    return [(_("Found"), expedite_outcomes().get(outcome, ""))] if outcome else []


FINDINGS = {"result": findings}

LINES: dict[str, Callable[[Entry], str]] = {
    "turned": lambda entry: str(entry.data.get("number", "")),
    "made_of_expedite": lambda entry: str(entry.data.get("number", "")),
}
