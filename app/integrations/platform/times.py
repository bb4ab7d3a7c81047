"""Times as platforms write them: one spelling is agreed, several are met."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Each part with or without its leading zero: 2026-11-28 9:05:00, 2026/11/28 09:05, and 20261128090500.
_LOOSE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", re.ASCII)
_SECONDS, _MILLISECONDS = re.compile(r"\d{10}", re.ASCII), re.compile(r"\d{13}", re.ASCII)
_NOTHING = re.compile(r"0|0000-00-00(?:[ T]00:00:00)?", re.ASCII)  # what a database writes for no time at all
_MIDNIGHT = "24:00:00"


def read_time(text: str) -> datetime | None:
    """An instant as aware UTC; None for an empty text or a database's zero date.

    `text` is 'YYYY-MM-DD HH:MM:SS' in Asia/Shanghai or ISO 8601 with or without an offset; also taken are missing
    leading zeros, slashes, 14 digits without signs, 24:00:00, and Unix time in seconds or milliseconds. Raises
    ValueError for anything else and outside the years 2000 to 2100.
    """
    text = text.strip()
    if not text or _NOTHING.fullmatch(text):
        return None
    try:
        value = _unix(text) or _wall(text)
    except OverflowError:
        raise ValueError(text) from None
    if not 2000 <= value.year <= 2100:
        raise ValueError(text)
    return value


def _unix(text: str) -> datetime | None:
    if _SECONDS.fullmatch(text):
        return _EPOCH + timedelta(seconds=int(text))
    return _EPOCH + timedelta(milliseconds=int(text)) if _MILLISECONDS.fullmatch(text) else None


def _wall(text: str) -> datetime:
    if text.endswith(_MIDNIGHT):
        return _wall(text.removesuffix(_MIDNIGHT) + "00:00:00") + timedelta(days=1)
    parts = _COMPACT.fullmatch(text) or _LOOSE.fullmatch(text)
    if parts:
        year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI).astimezone(UTC)
    value = datetime.fromisoformat(text)
    return (value if value.tzinfo else value.replace(tzinfo=SHANGHAI)).astimezone(UTC)
