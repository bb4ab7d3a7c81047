"""Placeholders in a text that goes to many tickets: a fixed list, filled in one pass, nothing is ever evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping

NUMBER, WAYBILL, CUSTOMER, SITE = "number", "waybill", "customer", "site"
NAMES = {
    "单号": NUMBER, "运单号": WAYBILL, "客户": CUSTOMER, "站点": SITE,
    "number": NUMBER, "waybill": WAYBILL, "customer": CUSTOMER, "site": SITE,
}  # fmt: skip
_MARK = re.compile(r"\{\{\s*([^{}]{0,40}?)\s*\}\}")


def unknown(text: str) -> list[str]:
    """The names in double braces that are none of ours, in the order in which they stand."""
    return [name for name in _MARK.findall(text) if name not in NAMES]


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with our placeholders replaced by `values` (keys as in NAMES); what a value brings is not read again."""
    return _MARK.sub(lambda found: values[NAMES[found[1]]] if found[1] in NAMES else found[0], text)
