"""What stands in the side of a ticket beside customer and trace: one panel for each part that has something to show.

A builder takes (view, actor, now) and gives None, or a dictionary with `template` (a `_panel_….html` that reads it as
`p`) and whatever that template shows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import customer_panel, exemption_forms, incident_forms

Panel = dict[str, Any]
PARTS: tuple[Callable[[View, Actor, datetime], Panel | None], ...] = (
    customer_panel.panel,
    incident_forms.panel,
    exemption_forms.panel,
)


def of(view: View, actor: Actor, now: datetime) -> list[Panel]:
    """The panels of this ticket in their order."""
    return [panel for part in PARTS if (panel := part(view, actor, now)) is not None]
