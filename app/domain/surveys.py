"""Satisfaction (满意度): asked once after closing, one reminder, a call-back where it is due (rulebook 3.15)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

SCORES = (1, 2, 3, 4, 5)
COMMENT_LENGTH = 300  # characters
TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")  # 128 bits, which is one variable of an SMS
REACHED, DECLINED = "reached", "declined"
OUTCOMES = (REACHED, "no_answer", "busy", "number_off", DECLINED)
SETTLED = frozenset({REACHED, DECLINED})  # nobody is called again after these
MOST_CALLS = 2  # the first, and a second try
OTHERS_CAUSES = frozenset({"hub", "customer", "weather", "system"})  # root causes that are not the site's
HALF = 50  # percent of the duty


def token(key: str, survey_id: int) -> str:
    """The secret of a survey's link: the same in the SMS, in its repetition and in the reminder, and stored nowhere.

    `key` is SECRET_KEY.
    """
    secret = hmac.new(key.encode(), f"survey:{survey_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(secret[:16]).rstrip(b"=").decode()


def counts(root_cause: str, shares: Iterable[tuple[int, int | None]], site_id: int) -> bool:
    """Whether a rating counts for the site: not where the trouble was another party's (rulebook 5, satisfaction).

    shares: organisation and ruled duty share in percent, None where nobody has ruled.
    """
    others = sum(share for place, share in shares if place != site_id and share is not None)
    return root_cause not in OTHERS_CAUSES and others < HALF


def call_due(score: int | None, low: int, now: datetime, after_days: int) -> datetime | None:
    """When headquarters calls back: at once after a low rating, days after the reminder without any; None for never."""
    if score is None:
        return now + timedelta(days=after_days)
    return now if score <= low else None


def after_call(outcome: str, calls: int, now: datetime, again_hours: int) -> datetime | None:
    """When to call again after an attempt, which is already among `calls`; None when it is settled or given up."""
    if outcome in SETTLED or calls >= MOST_CALLS:
        return None
    return now + timedelta(hours=again_hours)
