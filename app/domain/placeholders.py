"""Placeholders in a text for one or many tickets: a fixed list, filled in one pass, nothing is ever evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping

NUMBER, WAYBILL, CUSTOMER, SITE = "number", "waybill", "customer", "site"
COURIER, CATEGORY, DATE, TIME = "courier", "category", "date", "time"
NAMES = {
    "单号": NUMBER, "运单号": WAYBILL, "客户": CUSTOMER, "站点": SITE,
    "派件员": COURIER, "投诉类型": CATEGORY, "日期": DATE, "时间": TIME,
    "number": NUMBER, "waybill": WAYBILL, "customer": CUSTOMER, "site": SITE,
    "courier": COURIER, "category": CATEGORY, "date": DATE, "time": TIME,
}  # fmt: skip
CHINESE = {key: name for name, key in NAMES.items() if not name.isascii()}  # how a form shows each of them
_MARK = re.compile(r"\{\{\s*([^{}]{0,40}?)\s*\}\}")


def unknown(text: str) -> list[str]:
    """The names in double braces that are none of ours, in the order in which they stand."""
    return [name for name in _MARK.findall(text) if name not in NAMES]


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with our placeholders replaced by `values` (keys as in NAMES); what a value brings is not read again."""
    return _MARK.sub(lambda found: values.get(NAMES[found[1]], "") if found[1] in NAMES else found[0], text)
