"""Who may do what (rulebook 1). A role is a word; what it opens is a set of capabilities."""

from __future__ import annotations

from dataclasses import dataclass

SITE_CLERK, SITE_MANAGER = "site_clerk", "site_manager"
LCS, LCS_MANAGER = "lcs", "lcs_manager"
CCS, CCS_MANAGER = "ccs", "ccs_manager"
ADMIN = "admin"
ROLES = (SITE_CLERK, SITE_MANAGER, LCS, LCS_MANAGER, CCS, CCS_MANAGER, ADMIN)

SITE_ROLES = frozenset({SITE_CLERK, SITE_MANAGER})
LCS_ROLES = frozenset({LCS, LCS_MANAGER})
CCS_ROLES = frozenset({CCS, CCS_MANAGER})

_EVERY_DESK = frozenset(
    {"queue", "new_ticket", "duty", "handover", "exemptions", "emergencies", "templates", "templates_own"}
    | {"publications", "waybills", "problems"}
)
_CARDS = {"scorecard", "export", "penalties", "rectifications"}
_ABOVE = _CARDS | {"sms_outbox", "callbacks", "tray", "duty_keep", "exempt_many", "incidents", "emergency_tick"}
_ABOVE |= {"ticket_import"}
_AUDIT = {"audit", "audits", "audit_agreement", "analysis"}
_COURT = {"penalty_decide", "penalty_enter", "case_write", "rectify_order"}
_LCS = _EVERY_DESK | _ABOVE | _COURT | _AUDIT
_LCS |= {"closures", "closure_deputy", "address_rules", "alarms", "exempt_decide", "board", "assist", "pin"}
_LCS |= {"penalty_contest"}  # for hubs and departments, which have no manager here
_CCS = _EVERY_DESK | _ABOVE | _COURT | _AUDIT | {"ruling", "exempt_area", "audit_revise", "survey_calls", "board"}
_CCS_HEAD = {
    "robots", "alarms", "exempt_decide", "exempt_revoke", "emergency_announce", "export_log", "appeal_takeover",
    "audit_policy", "penalty_rules", "months", "month_close", "network", "templates_company",
    "rule_write", "rectify_policy", "seen", "switches",
}  # fmt: skip
_SITE = _EVERY_DESK | {"batch", "audits", "pin", "problem_report"}
_SITE_HEAD = {"duty_keep", "couriers", "robots", "closures", "team", "alarms", "penalty_contest", "templates_team"}
_SITE_HEAD |= {"rectify", "seen", "switches"}
CAPABILITIES: dict[str, frozenset[str]] = {
    SITE_CLERK: _SITE,
    SITE_MANAGER: _SITE | _CARDS | _SITE_HEAD,
    LCS: _LCS,
    LCS_MANAGER: _LCS
    | {"months", "month_analysis", "robots", "exempt_area", "emergency_announce", "templates_team", "seen", "switches"},
    CCS: _CCS | {"pin"},
    CCS_MANAGER: _CCS | _CCS_HEAD,
    ADMIN: frozenset(
        {"admin", "sms_outbox", "callbacks", "alarms", "exemptions", "system_facts", "export", "export_log"}
        | {"audit_policy", "penalty_rules", "penalty_rules_store", "templates", "templates_company", "publications"}
        | {"rectify_policy", "switches"}
    ),
}


@dataclass(frozen=True)
class Actor:
    """Whoever acts: a signed-in person, or the system (`user_id` None, role "system") for time and platforms."""

    user_id: int | None
    role: str
    organisation_id: int | None
    province_id: int | None
    name: str = ""

    @property
    def desk(self) -> str:
        """Which desk the role sits at: site, lcs, ccs, admin or system."""
        if self.role in SITE_ROLES:
            return "site"
        if self.role in LCS_ROLES:
            return "lcs"
        return "ccs" if self.role in CCS_ROLES else self.role

    def can(self, capability: str) -> bool:
        """True when the role opens that part of the portal (rulebook 1, the table of roles)."""
        return capability in CAPABILITIES.get(self.role, frozenset())


SYSTEM = Actor(None, "system", None, None)
