"""The customer account in the side of a ticket: what it has asked for in writing, and its own limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g

from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import words, words_emergency


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """The account that the ticket was recognised as; its tier and limits are those of the arrival."""
    account = view.parts.get("customer")
    if account is None:
        return None
    labels = words_emergency.limits()
    limits = view.ticket.customer_limits or {}
    return {
        "template": "_panel_customer.html", "name": account.name, "code": account.code, "tier": view.ticket.tier,
        "requirements": mask_text(account.requirements),
        "limits": [(words.word(labels, name), g.fmt.span(minutes * 60)) for name, minutes in limits.items()],
    }  # fmt: skip
