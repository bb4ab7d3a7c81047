"""How often one person may be shown personal data in full, through whichever door: far more than a day at the
telephone needs, and far less than it takes to carry all of them away."""

from __future__ import annotations

from flask_login import current_user

from app.extensions import limiter
from app.services.ticket_view import View
from app.web import addresses

limit = limiter.shared_limit(
    "30 per minute;240 per hour", scope="reveals", key_func=lambda: f"reveals:{current_user.get_id()}"
)


def href_of(view: View) -> str:
    """Where a person of the ticket is shown in full; nowhere for a site that has nothing to do with it any more."""
    return addresses.of_ticket("tickets.reveal", view.ticket.number) if view.concerned else ""
