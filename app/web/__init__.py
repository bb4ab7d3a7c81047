"""HTTP only: load in scope, form, service, response."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind every blueprint and what belongs to each request."""
    from app.web import admin, auth, context, entry, health, language, platform, scorecards, security, tickets

    for part in (security, language, context):
        part.init(app)
    for page in (auth, health, platform, entry, tickets, scorecards, admin):
        app.register_blueprint(page.bp)
