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
from app.web import (
    audit_panel,
    calls_forms,
    case_page,
    customer_panel,
    exemption_forms,
    expedite_panel,
    help_panel,
    incident_forms,
    knowledge_page,
    linked_panel,
    party_panel,
    penalty_panel,
    promise_forms,
    returns_panel,
    survey_panel,
)

Panel = dict[str, Any]
PARTS: tuple[Callable[[View, Actor, datetime], Panel | None], ...] = (
    customer_panel.panel,
    incident_forms.panel,
    help_panel.panel,
    calls_forms.doubts_panel,
    returns_panel.panel,
    promise_forms.panel,
    party_panel.panel,
    calls_forms.calls_panel,
    exemption_forms.panel,
    penalty_panel.panel,
    linked_panel.panel,
    expedite_panel.panel,
    knowledge_page.panel,
    audit_panel.panel,
    survey_panel.panel,
    case_page.panel,
)


def of(view: View, actor: Actor, now: datetime) -> list[Panel]:
    """The panels of this ticket in their order."""
    return [panel for part in PARTS if (panel := part(view, actor, now)) is not None]
