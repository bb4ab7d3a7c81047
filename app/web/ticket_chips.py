"""Marks of a ticket that are no clocks: its customer's tier, its incident, an emergency, a malicious claimant,
an answer that the trace contradicts."""

from __future__ import annotations

from flask_babel import gettext as _

from app.domain import lifecycle
from app.domain.exemptions import LATE_ON_ARRIVAL
from app.services.ticket_view import View
from app.services.work import REGULATOR
from app.web import words_kinds, words_waybills


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
    found += [(text, "soon") for flag, text in words_waybills.marks().items() if flag in (ticket.flags or [])]
    if ticket.delivery_promise:
        tone = "soon" if ticket.delivery_promise == "outside" else "info"
        found.append((words_kinds.delivery_promises()[ticket.delivery_promise], tone))
    if REGULATOR in (ticket.channel, *(ticket.flags or [])):
        found.append((_("Regulator: closed by headquarters"), "ask"))
    if LATE_ON_ARRIVAL in (ticket.flags or []):
        found.append((_("Platform time over on arrival: not charged"), "info"))
    malicious = {"asked": _("Claimant reported as malicious"), "granted": _("Malicious claimant")}
    if ticket.malicious in malicious:
        found.append((malicious[ticket.malicious], "ask"))
    return [{"text": text, "tone": tone, "title": "", "due_iso": "", "href": ""} for text, tone in found]
