"""The words of the menu beside the queues."""

from __future__ import annotations

from app.domain.roles import Actor
from app.web.context import translate as _

MANY = 16  # from so many entries on the menu has headings


def pages(actor: Actor) -> tuple[tuple[str, str, str, str], ...]:
    """Every page beside the queues: the capability that opens it, its address, its name, and the heading it stands
    under in a long menu."""
    groups = (
        (_("Other work"), _work(actor)), (_("People and duty"), _people()), (_("Audit and assessment"), _assessment()),
        (_("Records and settings"), _records()),
    )  # fmt: skip
    return tuple((*page, heading) for heading, found in groups for page in found)


def _work(actor: Actor) -> tuple[tuple[str, str, str], ...]:
    return (
        ("new_ticket", "entry.new", _("New ticket")),
        ("queue", "kind_lists.expedites", _("Expedites")),
        ("queue", "kind_lists.inquiries_list", _("Inquiries")),
        ("waybills", "waybills.index", _("Waybill look-up")),
        ("problems", "problems.index", _("Problem parcels")),
        *((("board", "board.index", _("Province board")),) if actor.desk == "ccs" else ()),
        ("network", "network.index", _("Network today")),
        ("templates", "templates.index", _("Reply templates")),
        ("publications", "typical_cases.index", _("Typical cases")),
        ("publications", "knowledge.index", _("Knowledge and rules")),
        ("handover", "handover.show", _("Shift hand-over")),
        ("incidents", "incidents.index", _("Incidents")),
    )


def _people() -> tuple[tuple[str, str, str], ...]:
    return (
        ("team", "team.index", _("My team")),
        ("duty", "duty.index", _("Duty roster")),
        ("closures", "closures.index", _("Closure calendar")),
        ("emergencies", "emergencies.index", _("Emergency mode")),
        ("address_rules", "address_rules.index", _("Learned addresses")),
    )


def _assessment() -> tuple[tuple[str, str, str], ...]:
    return (
        ("audit", "audit.index", _("Audit results")),
        ("audits", "audits.index", _("Marked audits")),
        ("audit_agreement", "audits.agreement", _("Audit coverage")),
        ("audit_policy", "audit_policy.index", _("Audit policy")),
        ("survey_calls", "survey_calls.index", _("Call-backs")),
        ("scorecard", "scorecards.index", _("Monthly scorecards")),
        ("penalties", "penalties.index", _("Penalties")),
        ("exemptions", "exemptions.index", _("Exemptions")),
        ("rectifications", "rectifications.index", _("Rectification")),
        ("months", "months.index", _("Month close")),
        ("analysis", "analysis.index", _("Analysis")),
    )


def _records() -> tuple[tuple[str, str, str], ...]:
    return (
        ("sms_outbox", "admin.sms_outbox", _("SMS outbox")),
        ("callbacks", "admin.callbacks", _("Platform answers")),
        ("export", "exports.index", _("My exports")),
        ("alarms", "alarms.index", _("Alarms")),
        ("seen", "seen.index", _("Who saw what")),
        ("switches", "switches.index", _("Switched by PIN")),
        ("admin", "admin.index", _("Administration")),
    )
