"""Marks of a ticket that are no clocks: its customer's tier, its incident, an emergency, a malicious claimant,
an answer that the trace contradicts."""

from __future__ import annotations

from datetime import datetime

from flask import g

from app.domain import lifecycle
from app.domain.exemptions import LATE_ON_ARRIVAL
from app.services.ticket_view import View
from app.services.work_item import REGULATOR
from app.web import words_kinds, words_waybills
from app.web.context import translate as _


def chips(view: View, now: datetime) -> list[dict[str, str]]:
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
    if ticket.delivery_promise:
        tone = "soon" if ticket.delivery_promise == "outside" else "info"
        found.append((words_kinds.delivery_promises()[ticket.delivery_promise], tone))
    if REGULATOR in (ticket.channel, *(ticket.flags or [])):
        found.append((_("Regulator: closed by headquarters"), "ask"))
    found += [(text, "soon") for flag, text in words_waybills.marks().items() if flag in (ticket.flags or [])]
    if LATE_ON_ARRIVAL in (ticket.flags or []):
        found.append((_("Platform time over on arrival: not charged"), "info"))
    found += _platform(view, now)
    malicious = {"asked": _("Claimant reported as malicious"), "granted": _("Malicious claimant")}
    if ticket.malicious in malicious:
        found.append((malicious[ticket.malicious], "ask"))
    return [{"text": text, "tone": tone, "title": "", "due_iso": "", "href": ""} for text, tone in found]


def _platform(view: View, now: datetime) -> list[tuple[str, str]]:
    """How often a platform sent our answer back, and whether one that it does not take is at risk."""
    found = []
    if rounds := max((order.retreats for order, _connection in view.orders), default=0):
        found.append((_("Platform round %(n)s", n=rounds + 1), "late"))
    if until := at_risk(view, now):
        found.append((_("Answer at risk: platform deadline %(time)s", time=g.fmt.time(until)), "late"))
    return found


def at_risk(view: View, now: datetime) -> datetime | None:
    """The deadline (UTC) of the platform that does not take our answer although it is near; the earliest of several."""
    orders = {order.id: order for order, _connection in view.orders if order.verdict != "cancelled"}
    risky = [row for rows in view.callbacks.values() for row in rows if row.risk_at is not None and row.risk_at <= now]
    found = [orders[row.payload["order_id"]].expires_at for row in risky if row.payload["order_id"] in orders]
    return min((at for at in found if at is not None), default=None)
