"""Words for incidents: kinds, why a number does not come in, why a ticket was not answered."""

from __future__ import annotations

from app.services.ticket_view import Entry
from app.web.context import translate as _
from app.web.language import table


@table
def kinds() -> dict[str, str]:
    """What happened."""
    return {
        "vehicle": _("Vehicle accident"),
        "fire": _("Fire"),
        "weather": _("Storm or flood"),
        "hub": _("Hub or line-haul stopped"),
        "theft": _("Theft"),
        "system": _("System fault"),
        "other": _("Other"),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with a field, a number or a ticket."""
    return {
        "no_such_ticket": _("no ticket with this number or waybill in your area"),
        "other_province": _("belongs to another province than the incident"),
        "withdrawn_ticket": _("is withdrawn"),
        "in_it_already": _("is in this incident already"),
        "in_another": _("is in another incident"),
        "too_many_words": _("At most 1000 numbers at once"),
        "name_something": _("Name a site, a category or a time"),
        "no_clock": _("None of its clocks can be asked for"),
        "too_many_tickets": _("At most 100 tickets at once"),
        "incident_closed": _("This incident is closed: no ticket comes in any more"),
        "not_in_incident": _("is not in this incident any more"),
        "supplement_missing": _("the platform's answer demands another field"),
        "cannot_act": _("only the province service may act for this site, and nobody else does already"),
        "not_yours": _(
            "Nothing was sent. Headquarters answers what was handed up to it; for the other tickets the province's "
            "service or whoever acts already does. No longer ticked:"
        ),
    }


@table
def events() -> dict[str, str]:
    """The thread."""
    return {
        "incident_linked": _("Belongs to the incident"),
        "incident_unlinked": _("No longer belongs to the incident"),
    }


def which(entry: Entry) -> str:
    """Which incident."""
    return str(entry.data.get("number", ""))


LINES = dict.fromkeys(("incident_linked", "incident_unlinked"), which)
