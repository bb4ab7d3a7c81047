"""Whole numbers out of addresses and forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BEYOND = 2**63  # ids have 64 bits; the engines raise on more


def number(given: Mapping[str, Any], name: str) -> int | None:
    """The number of that name in `request.args` or `request.form`; None for what is none, or none that a row has."""
    try:
        found = int(given.get(name, ""))
    except ValueError:
        return None
    return found if abs(found) < BEYOND else None
