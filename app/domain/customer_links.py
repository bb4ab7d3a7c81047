"""The link by which a complainant without a platform says *solved* or *not solved* (rulebook 3.9; corner case 10)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from app.domain.waybills import normalise

STAYS_OPEN = timedelta(days=7)  # after the objection window: as long as a repeat re-opens the ticket (rulebook 3.12)
SOLVED, NOT_SOLVED = "solved", "not_solved"
VERDICTS = (SOLVED, NOT_SOLVED)
COMMENT_LENGTH = 500  # characters
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 random bits


def expires_at(objection_due: datetime) -> datetime:
    """When the link ends: a week after the time to object."""
    return objection_due + STAYS_OPEN


def mobile(phone: str) -> str:
    """The mobile number that an SMS can reach, as 11 digits; empty for landlines, virtual and unreadable numbers."""
    digits = re.sub(r"[\s()（）.-]", "", normalise(phone)).removeprefix("+86")
    digits = digits.removeprefix("0086") if len(digits) == 15 else digits
    return digits if re.fullmatch(r"1[3-9][0-9]{9}", digits) else ""
