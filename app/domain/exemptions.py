"""Who may leave a clock out of the assessment, and why (rulebook 4 "Exemption", 3.13, roles table)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.domain.roles import CCS_MANAGER, LCS, LCS_MANAGER, Actor

SYSTEM_FAULT, MALICIOUS = "system_fault", "malicious_claimant"
REASONS = (SYSTEM_FAULT, "power_network", "force_majeure", MALICIOUS, "other")
FOR_MANY = tuple(reason for reason in REASONS if reason != MALICIOUS)  # one claimant is one ticket's
KINDS = ("first_reply", "resolve", "close", "party_reply")  # the clocks that a site is assessed on
LATE_ON_ARRIVAL = "late_on_arrival"  # a flag of tickets: the platform's time was over when it came, never charged
NETWORK = 0  # the area that is everything
MOST_OF_LCS = 5  # tickets at once


@dataclass(frozen=True)
class Asked:
    """A request as the rule wants it: `area` a province, NETWORK or None; `provinces` those of its tickets.

    `hands` are the people who wrote the request or acted in one of its tickets.
    """

    reason: str
    tickets: int
    area: int | None = None
    provinces: Collection[int | None] = ()
    hands: Collection[int | None] = ()
    system_real: bool | None = None


def why_not(asked: Asked, actor: Actor, *, granting: bool) -> str:
    """Why this person may not decide it, as a code; empty when they may.

    LCS up to five tickets of their province, its manager more, the CCS manager anything and alone an area. Nobody
    decides on what they wrote or acted in; a system fault only after an administrator said whether it was real.
    """
    if actor.role not in (LCS, LCS_MANAGER, CCS_MANAGER):
        return "not_yours"
    if asked.area is not None and actor.role != CCS_MANAGER:
        return "for_ccs_manager"
    if actor.desk == "lcs" and any(province != actor.province_id for province in asked.provinces):
        return "for_ccs_manager"
    if actor.role == LCS and asked.tickets > MOST_OF_LCS:
        return "for_lcs_manager"
    if actor.user_id in asked.hands:
        return "own_hand"
    return _system(asked, granting)


def _system(asked: Asked, granting: bool) -> str:
    if asked.reason != SYSTEM_FAULT:
        return ""
    if asked.system_real is None:
        return "not_confirmed"
    return "not_real" if granting and not asked.system_real else ""
