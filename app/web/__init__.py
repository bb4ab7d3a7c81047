"""HTTP only: load in scope, form, service, response."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind every blueprint and what belongs to each request."""
    from app.web import (
        address_rules,
        admin,
        attachments,
        auth,
        context,
        customer,
        entry,
        gateways,
        health,
        language,
        ownership,
        platform,
        scorecards,
        security,
        team,
        tickets,
        transfers,
    )

    for part in (security, language, context, attachments):
        part.init(app)
    pages = (
        auth, health, platform, entry, tickets, ownership, transfers, attachments, customer, scorecards, admin,
        gateways, team, address_rules,
    )  # fmt: skip
    for page in pages:
        app.register_blueprint(page.bp)
