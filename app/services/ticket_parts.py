"""What the parts of the rulebook add to a ticket's page. Select only; a part that has nothing asks nothing.

A loader takes (ticket, actor), yields its questions and returns what its panel shows; the page finds it under its
name. All parts ask at the same time (`models.together`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.domain.roles import Actor
from app.models import Ticket
from app.models.together import Step
from app.services import (
    acting,
    audit_view,
    case_view,
    contacts,
    customers,
    drafts,
    expedite_view,
    incident_view,
    penalty_view,
    returns_view,
    survey_view,
    ticket_contacts,
)

Loader = Callable[[Ticket, Actor], Step[Any]]
PARTS: dict[str, Loader] = {
    "acting": acting.who,
    "returns": returns_view.of_ticket,
    "parties": case_view.load,
    "contacts": contacts.view,
    "incident": incident_view.of_ticket,
    "customer": customers.of_ticket,
    "people": ticket_contacts.of_ticket,
    "audits": audit_view.of_ticket,
    "survey": survey_view.of_ticket,
    "penalties": penalty_view.of_ticket,
    "drafts": drafts.of_ticket,
    "expedite": expedite_view.of_ticket,
}


def steps(ticket: Ticket, actor: Actor) -> dict[str, Step[Any]]:
    """What asks for everything that the parts know of this ticket."""
    return {name: loader(ticket, actor) for name, loader in PARTS.items()}
