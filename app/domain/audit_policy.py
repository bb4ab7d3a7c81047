"""The numbers by which audits are drawn and complainants are asked (rulebook 3.13, 3.15); each version is data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

FIRST_VERSION = 1
RANGES = {
    "share_percent": (1, 100), "minimum": (0, 100), "cap": (1, 1000), "recheck_percent": (0, 100),
    "same_text_most": (1, 1000), "quick_seconds": (0, 3600), "new_site_days": (0, 365), "new_site_percent": (100, 1000),
    "offender_days": (0, 365), "offender_percent": (100, 1000), "survey_remind_days": (1, 30),
    "survey_open_days": (1, 90), "call_score": (0, 5), "call_after_days": (0, 30), "call_again_hours": (1, 72),
}  # fmt: skip


@dataclass(frozen=True)
class AuditPolicy:
    """One version (D). Shares in percent; `minimum` and `cap` a site and month; weights in percent of the share.

    `same_text_most`: how often a site may use one text a day; `quick_seconds`: faster is no reading. `call_score`: a
    rating at or below it is called back; without any rating `call_after_days` after the reminder.
    """

    version: int = FIRST_VERSION
    share_percent: int = 10
    minimum: int = 5
    cap: int = 10
    recheck_percent: int = 5
    same_text_most: int = 3
    quick_seconds: int = 20
    new_site_days: int = 90
    new_site_percent: int = 200
    offender_days: int = 90
    offender_percent: int = 200
    survey_remind_days: int = 3
    survey_open_days: int = 14
    call_score: int = 2
    call_after_days: int = 2
    call_again_hours: int = 4

    def numbers(self) -> dict[str, int]:
        """The numbers alone, as they are stored."""
        return {name: value for name, value in asdict(self).items() if name != "version"}


NAMES = tuple(field.name for field in fields(AuditPolicy) if field.name != "version")


def parse(typed: Mapping[str, str]) -> tuple[dict[str, int], dict[str, str]]:
    """The numbers that a person typed, and what is wrong by field: not_a_number, out_of_range, cap_below_minimum,
    remind_after_end."""
    numbers: dict[str, int] = {}
    errors: dict[str, str] = {}
    for name in NAMES:
        text = typed.get(name, "").strip()
        if not (text.isascii() and text.isdigit() and len(text) < 6):
            errors[name] = "not_a_number"
            continue
        low, high = RANGES[name]
        numbers[name] = int(text)
        if not low <= numbers[name] <= high:
            errors[name] = "out_of_range"
    if not errors and numbers["cap"] < numbers["minimum"]:
        errors["cap"] = "cap_below_minimum"
    if not errors and numbers["survey_remind_days"] >= numbers["survey_open_days"]:
        errors["survey_remind_days"] = "remind_after_end"
    return numbers, errors


def of(version: int, numbers: Mapping[str, int]) -> AuditPolicy:
    """A stored version; a number that it lacks has the default."""
    return AuditPolicy(version, **{name: int(numbers[name]) for name in NAMES if name in numbers})
