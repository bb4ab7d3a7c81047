"""Marks of a ticket that are no clocks: its customer's tier, its incident, an emergency, a malicious claimant."""

from __future__ import annotations

from app.domain import lifecycle
from app.domain.exemptions import LATE_ON_ARRIVAL
from app.services.ticket_view import View
from app.web.context import translate as _


def chips(view: View) -> list[dict[str, str]]:
    """One chip a mark; what it means stands in the panel of its part."""
    ticket, incident = view.ticket, view.parts.get("incident")
    account, found = view.parts.get("customer"), []
    if lifecycle.on_top(ticket.flags, ticket.state):
        found.append((_("Promise broken"), "late"))
    if account is not None:
        found.append((" ".join(part for part in (ticket.tier, account.name) if part), "info"))
    if incident is not None:
        found.append((_("Incident %(number)s", number=incident.number), "ask"))
    if ticket.standing_still:
        found.append((_("Emergency: clocks stand still"), "soon"))
    if LATE_ON_ARRIVAL in (ticket.flags or []):
        found.append((_("Platform time over on arrival: not charged"), "info"))
    malicious = {"asked": _("Claimant reported as malicious"), "granted": _("Malicious claimant")}
    if ticket.malicious in malicious:
        found.append((malicious[ticket.malicious], "ask"))
    return [{"text": text, "tone": tone, "title": "", "due_iso": "", "href": ""} for text, tone in found]
