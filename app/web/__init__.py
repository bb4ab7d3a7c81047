"""HTTP only: load in scope, form, service, response."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

SET_UP = (
    "security", "metrics", "request_log", "again", "language", "context", "attachments", "emergencies", "exports",
    "bell", "lines", "guidance", "second_factor", "troubles",
)  # fmt: skip
PAGES = (
    "auth",
    "second_factor",
    "people_admin",
    "password_links",
    "health",
    "metrics",
    "openapi",
    "platform",
    "entry",
    "tickets",
    "waybills",
    "problems",
    "problem_admin",
    "appeals",
    "audit",
    "audits",
    "audit_policy",
    "survey",
    "survey_calls",
    "board",
    "presence",
    "switching",
    "batch",
    "undo",
    "drafts",
    "page_drafts",
    "template_put",
    "template_pages",
    "typical_cases",
    "bell",
    "guidance",
    "view_pages",
    "parties",
    "calls",
    "promise_pages",
    "closing",
    "kind_verbs",
    "kind_lists",
    "knowledge",
    "ticket_import",
    "channels",
    "script_pages",
    "alarms",
    "seen",
    "switches",
    "attachments",
    "courier",
    "customer",
    "scorecards",
    "penalties",
    "penalty_contests",
    "penalty_rules",
    "rectifications",
    "card_files",
    "months",
    "volumes",
    "schemes",
    "network",
    "analysis",
    "duty",
    "exemptions",
    "incidents",
    "emergencies",
    "admin",
    "organisation_pages",
    "connection_pages",
    "admin_log",
    "exchange",
    "exports",
    "customers_admin",
    "gateways",
    "clock_pages",
    "policy_pages",
    "calendar_pages",
    "closures",
    "handover",
    "ownership",
    "transfers",
    "team",
    "address_rules",
    "help",
)


def register(app: Flask) -> None:
    """Bind every blueprint and what belongs to each request."""
    for name in SET_UP:
        import_module(f"app.web.{name}").init(app)
    for name in PAGES:
        app.register_blueprint(import_module(f"app.web.{name}").bp)
    import_module("app.web.attachments").count_uploads(app)
