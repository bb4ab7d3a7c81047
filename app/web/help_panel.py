"""The panel beside a ticket that says who was asked for help, who acts, and what that is worth to the site."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g

from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import help_forms


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """Nothing unless help is asked for or somebody acts."""
    ticket = view.ticket
    if ticket.help_asked_at is None and ticket.acting_id is None:
        return None
    if ticket.handling_site_id is None and ticket.help_asked_at is None:
        return None  # no site has it: whoever is asked answers in the own name, as the head of the page says
    acts = view.parts.get("acting")
    name = ((acts.name_en or acts.name) if g.fmt.english else acts.name) if acts is not None else ""
    return {
        "template": "_panel_help.html", "asked": g.fmt.full(ticket.help_asked_at)[5:16] if ticket.help_asked_at else "",
        "acting": name, "clocks": help_forms.worth(view) if ticket.acting_id else [],
    }  # fmt: skip
