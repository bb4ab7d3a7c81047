"""HTTP only: load in scope, form, service, response."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind every blueprint and what belongs to each request."""
    from app.web import (
        admin,
        attachments,
        auth,
        calendar_pages,
        clock_pages,
        context,
        customer,
        entry,
        gateways,
        health,
        language,
        platform,
        policy_pages,
        scorecards,
        security,
        tickets,
    )

    for part in (security, language, context, attachments):
        part.init(app)
    for page in (auth, health, platform, entry, tickets, attachments, customer, scorecards, admin, gateways):
        app.register_blueprint(page.bp)
    for page in (clock_pages, policy_pages, calendar_pages):
        app.register_blueprint(page.bp)
