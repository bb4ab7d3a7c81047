"""Who signs in with two factors, and the form of codes."""

from __future__ import annotations

import re
from datetime import datetime

from app.domain.roles import ADMIN, CCS_ROLES

ROLES = CCS_ROLES | {ADMIN}  # who sees every province, or sets the portal up
STEP = 30  # seconds that a code lasts
AROUND = (0, -1, 1)  # steps that are taken: the present one, and a clock that is one step off
CODES = 10  # recovery codes that somebody gets
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no letter or digit that looks like another
_DIGITS = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(rf"[{ALPHABET}]{{10}}")


def step_of(now: datetime) -> int:
    """The number of the thirty-second step (RFC 6238) that `now` lies in."""
    return int(now.timestamp()) // STEP


def digits(typed: str) -> str:
    """A code of six digits as typed, with or without spaces; empty where it is none."""
    code = re.sub(r"\s", "", typed)
    return code if _DIGITS.fullmatch(code) else ""


def recovery(typed: str) -> str:
    """A recovery code as typed, with or without its dash, in any case; empty where it is none."""
    code = re.sub(r"[\s-]", "", typed).upper()
    return code if _RECOVERY.fullmatch(code) else ""


def shown(code: str) -> str:
    """A recovery code as it is read: ABCDE-FGHJK."""
    return f"{code[:5]}-{code[5:]}"
