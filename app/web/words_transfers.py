"""The words of returns: why a ticket is not a site's own, and what was ruled."""

from __future__ import annotations

from app.services.ticket_view import Entry
from app.web.context import translate as _
from app.web.language import table


@table
def reasons() -> dict[str, str]:
    """Why a site returns a ticket."""
    return {
        "outside_area": _("Outside our area"),
        "already_forwarded": _("Parcel already forwarded"),
        "site_changed": _("The site has changed"),
    }


@table
def states() -> dict[str, str]:
    """What became of a return."""
    return {
        "open": _("Waits for a ruling"),
        "moved": _("Moved by itself"),
        "granted": _("Granted"),
        "refused": _("Refused"),
        "kept": _("Worked by the service desk"),
        "dropped": _("Dropped"),
    }


@table
def decisions() -> dict[str, str]:
    """The choices of whoever rules on a return."""
    return {
        "grant": _("Grant: another site takes it"),
        "refuse": _("Refuse: it stays with the site, a wrong return"),
        "keep": _("Work it ourselves"),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with a field, or why an action is refused."""
    return {
        "no_return": _("There is no return to rule on"),
        "same_site": _("The ticket is this site's already"),
        "closed_site": _("This site is closed"),
        "no_street": _("The address names no street that could be learned"),
        "another_province": _("A street is learned for sites of one's own province only"),
        "too_broad": _("This address covers a site's whole area; it cannot be learned"),
    }


@table
def events() -> dict[str, str]:
    """Entries of the thread."""
    return {
        "returned": _("Returned as not ours"),
        "transferred": _("Transferred"),
        "return_refused": _("Return refused"),
        "kept_at_lcs": _("Worked by the service desk"),
        "return_dropped": _("Return dropped: nobody has to rule any more"),
    }


@table
def clock_kinds() -> dict[str, str]:
    """What a clock waits for."""
    return {"ruling": _("Ruling")}


@table
def queues() -> dict[str, str]:
    """The queues in the rail."""
    return {"to_rule": _("To rule on")}


@table
def tray_reasons() -> dict[str, str]:
    """Why a ticket lies in a tray."""
    return {
        "hop_limit": _("Returned three times: the service desk works it"),
        "kept_by_lcs": _("The service desk works it itself"),
    }


def new_site(entry: Entry) -> str:
    """Where a granted return went."""
    return str(entry.data.get("site_code", ""))


def kept(entry: Entry) -> str:
    """Why the LCS works it."""
    return tray_reasons().get(str(entry.data.get("why")), "")


LINES = {"transferred": new_site, "kept_at_lcs": kept}


def findings(entry: Entry) -> list[tuple[str, str]]:
    """What stands above the text of an entry."""
    reason = str(entry.data.get("reason", ""))
    found = [(_("Reason"), reasons().get(reason, reason))]
    if entry.type == "returned" and entry.data.get("proposed_code"):
        found.append((_("Proposed site"), str(entry.data["proposed_code"])))
    return found


FINDINGS = dict.fromkeys(("returned", "return_refused", "transferred", "kept_at_lcs"), findings)
