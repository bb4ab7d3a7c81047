"""Waybill numbers: how they are written, which are refused, which only look odd (interfaces, section 3)."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

# What each carrier's numbers look like today. They change with time, so a mismatch only warns;
# a company passes its own mapping where it knows better.
PATTERNS: Mapping[str, str] = {
    "best": r"[0-9A-Z]{12,14}",  # 百世
    "yto": r"YT\d{13}|[0-9A-Z]{10,18}",  # 圆通
    "sto": r"\d{12,13}",  # 申通
    "zto": r"\d{12}",  # 中通
    "yunda": r"\d{13}",  # 韵达
    "zjs": r"\d{10}",  # 宅急送
    "sf": r"SF\d{13}|\d{12}",  # 顺丰
}

_ACCEPTABLE = re.compile(r"[A-Z0-9-]{8,20}")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
# Only a-z are raised: str.upper() would turn letters that no waybill has (ß, ı) into ones it may have.
_HALF_WIDTH_UPPER = str.maketrans(
    {full: chr(full - 0xFEE0).upper() for full in range(0xFF01, 0xFF5F)}
    | {ord(c): c.upper() for c in string.ascii_lowercase}
    | dict.fromkeys(map(ord, _INVISIBLE))
)


def normalise(text: str) -> str:
    """The waybill as it is stored and compared: upper-case, no spaces of any kind, full width to half width.

    Never refuses: what is no waybill stays recognisable for the clerk who has to correct it.
    """
    return "".join(text.translate(_HALF_WIDTH_UPPER).split())


def is_acceptable(waybill: str) -> bool:
    """True for a normalised waybill of 8 to 20 characters A-Z, 0-9, hyphen.

    A form refuses anything else; a platform's push is never refused for it and goes to a tray instead.
    """
    return _ACCEPTABLE.fullmatch(waybill) is not None


def carrier_warning(carrier: str, waybill: str, patterns: Mapping[str, str] = PATTERNS) -> bool:
    """True when a normalised `waybill` does not look like that carrier's: a hint on the screen, never a refusal.

    An empty waybill and a carrier without a pattern give no warning: there is nothing to compare.
    """
    pattern = patterns.get(carrier)
    return bool(pattern and waybill) and re.fullmatch(pattern or "", waybill, re.ASCII) is None


def tail(waybill: str, n: int = 4) -> str:
    """The last `n` characters, for reminders and lists; a shorter waybill comes whole."""
    return waybill[-n:] if n > 0 else ""
