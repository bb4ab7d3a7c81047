"""HTTP only: load in scope, form, service, response."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind every blueprint and what belongs to each request."""
    from app.web import (
        admin,
        alarms,
        attachments,
        auth,
        calls,
        closing,
        context,
        customer,
        entry,
        gateways,
        health,
        language,
        platform,
        promise_pages,
        scorecards,
        script_pages,
        security,
        tickets,
    )

    for part in (security, language, context, attachments):
        part.init(app)
    for page in (auth, health, platform, entry, tickets, closing, attachments, customer, scorecards, admin, gateways):
        app.register_blueprint(page.bp)
    for page in (calls, promise_pages, script_pages, alarms):
        app.register_blueprint(page.bp)
