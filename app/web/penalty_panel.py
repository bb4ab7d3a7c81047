"""The penalties in the side of a ticket, for those who may see them: money is the manager's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import penalty_page


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """The ticket's entries with their states; nothing for a clerk, and nothing without any."""
    found = view.parts.get("penalties", [])
    return {"template": "_panel_penalties.html", "lines": penalty_page.of_ticket(found)} if found else None
