"""The words of the menu beside the queues."""

from __future__ import annotations

from app.domain.roles import Actor
from app.web.context import translate as _


def pages(actor: Actor) -> tuple[tuple[str, str, str], ...]:
    """Every page beside the queues: the capability that opens it, its address and its name."""
    return (
        ("new_ticket", "entry.new", _("New ticket")),
        ("queue", "kind_lists.expedites", _("Expedites")),
        ("queue", "kind_lists.inquiries_list", _("Inquiries")),
        ("waybills", "waybills.index", _("Waybill look-up")),
        ("problems", "problems.index", _("Problem parcels")),
        *((("board", "board.index", _("Province board")),) if actor.desk == "ccs" else ()),
        ("templates", "templates.index", _("Reply templates")),
        ("publications", "typical_cases.index", _("Typical cases")),
        ("publications", "knowledge.index", _("Knowledge and rules")),
        ("handover", "handover.show", _("Shift hand-over")),
        ("closures", "closures.index", _("Closure calendar")),
        ("team", "team.index", _("My team")),
        ("address_rules", "address_rules.index", _("Learned addresses")),
        ("audit", "audit.index", _("Audit results")),
        ("audits", "audits.index", _("Marked audits")),
        ("audit_agreement", "audits.agreement", _("Audit coverage")),
        ("survey_calls", "survey_calls.index", _("Call-backs")),
        ("scorecard", "scorecards.index", _("Monthly scorecards")),
        ("penalties", "penalties.index", _("Penalties")),
        ("rectifications", "rectifications.index", _("Rectification")),
        ("months", "months.index", _("Month close")),
        ("analysis", "analysis.index", _("Analysis")),
        ("network", "network.index", _("Network today")),
        ("duty", "duty.index", _("Duty roster")),
        ("emergencies", "emergencies.index", _("Emergency mode")),
        ("incidents", "incidents.index", _("Incidents")),
        ("exemptions", "exemptions.index", _("Exemptions")),
        ("sms_outbox", "admin.sms_outbox", _("SMS outbox")),
        ("callbacks", "admin.callbacks", _("Platform answers")),
        ("export", "exports.index", _("My exports")),
        ("alarms", "alarms.index", _("Alarms")),
        ("seen", "seen.index", _("Who saw what")),
        ("audit_policy", "audit_policy.index", _("Audit policy")),
        ("admin", "admin.index", _("Administration")),
    )
