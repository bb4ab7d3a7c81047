"""Contesting a penalty (扣罚申诉): until when, before whom, and who may not decide (rulebook 5 "Contesting", 3.13)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.calendars import add_working_days, month_bounds
from app.domain.lifecycle import AT_HEADQUARTERS
from app.domain.roles import Actor

REASONS = ("not_ours", "system_fault", "force_majeure", "customer", "data_error")
FIRST, FINAL = 1, 2
OPEN, GRANTED, REFUSED, SILENT, DROPPED = "open", "granted", "refused", "silent", "dropped"
STATES = (OPEN, GRANTED, REFUSED, SILENT, DROPPED)
WORKING_DAYS = 2  # for the decision, and after a refusal for the final step
MONTH_DAYS = 3  # contest until the 3rd working day of the following month
MOST_OF_LCS = 20_000  # fen: above it CCS decides
BY_TIME = "system"
DESK_SPEAKS_FOR = ("hub", "department", "province")  # they have no manager here: their service desk contests for them


@dataclass(frozen=True)
class Contested:
    """A contest as the rule wants it: `court` a province or 0 for CCS, `hands` who raised it, wrote or acted in the
    ticket, or decided the step before; `province` is that of the liable organisation."""

    court: int
    hands: Collection[int | None] = ()


def contest_until(days: Mapping[date, bool], month: str) -> datetime:
    """The last second in which an entry of a month "YYYY-MM" can be contested: the end of the 3rd working day after
    it. Raises ValueError for what is no month."""
    return add_working_days(days, month_bounds(month)[1] - timedelta(seconds=1), MONTH_DAYS)


def final_until(days: Mapping[date, bool], month: str, refused_at: datetime) -> datetime:
    """Until when the final step may be taken after a refusal: 2 working days, and never less than the month has."""
    return max(contest_until(days, month), add_working_days(days, refused_at, WORKING_DAYS))


def decide_until(days: Mapping[date, bool], raised_at: datetime) -> datetime:
    """When silence means that nothing is charged: the same wall time two working days later."""
    return add_working_days(days, raised_at, WORKING_DAYS)


def court_of(*, amount_fen: int, ruled_by: str, province_id: int | None, step: int, raiser: str) -> int:
    """Who decides, a province or 0 for CCS: the LCS where time alone or a platform made the fact, up to 200 yuan.

    CCS where a person of the LCS or of CCS wrote the ruling behind it, above 200 yuan, for an organisation without a
    province, where the LCS itself contests, and for the final step.
    """
    lcs_may = ruled_by == BY_TIME and abs(amount_fen) <= MOST_OF_LCS and step == FIRST and raiser == "site"
    return province_id if lcs_may and province_id is not None else AT_HEADQUARTERS


def why_not(contest: Contested, actor: Actor) -> str:
    """Why this person may not decide it, as a code; empty when they may. CCS may take any."""
    if actor.desk not in ("lcs", "ccs"):
        return "not_yours"
    if actor.desk == "lcs" and contest.court != actor.province_id:
        return "for_ccs" if contest.court == AT_HEADQUARTERS else "not_yours"
    return "own_hand" if actor.user_id in contest.hands else ""
