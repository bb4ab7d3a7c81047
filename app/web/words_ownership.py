"""The words of ownership: who has a ticket, and how it came to them."""

from __future__ import annotations

from app.services.ticket_view import Entry
from app.web.context import translate as _
from app.web.language import table


@table
def errors() -> dict[str, str]:
    """What is wrong with a field, or why an action is refused."""
    return {
        "owned_by_other": _("A colleague owns this ticket. Ask for it to be handed over."),
        "away": _("This colleague is off duty or away; please choose somebody who is there"),
        "has_it": _("This colleague owns the ticket already"),
    }


@table
def events() -> dict[str, str]:
    """Entries of the thread."""
    return {
        "taken": _("Taken over"),
        "given_back": _("Given back to the team"),
        "handed_over": _("Handed over"),
        "auto_assigned": _("Assigned by itself"),
        "returned_to_team": _("Back to the team"),
    }


def assigned(entry: Entry) -> str:
    """To whom a ticket went by itself."""
    to = str(entry.text.get("to", ""))
    first = entry.data.get("why") == "first_owner"
    return _("%(name)s (same complainant as before)", name=to) if first else to


def given_up(entry: Entry) -> str:
    """Why a ticket went back to its team."""
    reasons = {
        "offline": _("the owner was away for 30 minutes"), "off_duty": _("the owner went off duty"),
        "left": _("the owner left the team"),
        "disabled": _("the owner's account was closed"),
    }  # fmt: skip
    return reasons.get(str(entry.data.get("why")), "")


LINES = {"auto_assigned": assigned, "returned_to_team": given_up}


def findings(entry: Entry) -> list[tuple[str, str]]:
    """What stands above the text of an entry."""
    return [(_("Handed to"), str(entry.text["to"]))] if entry.text.get("to") else []


FINDINGS = {"handed_over": findings}


@table
def owners() -> dict[str, str]:
    """The lists of a site's team."""
    return {"": _("My team"), "mine": _("Mine"), "unclaimed": _("Unclaimed"), "helped": _("Sites I help")}
