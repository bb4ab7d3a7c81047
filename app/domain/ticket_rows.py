"""A list of tickets as a sheet has it: which columns there are, under which headings, and what their words mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "kind": ("工单类型", "kind"), "category": ("分类", "category"), "channel": ("渠道", "channel"),
    "waybill": ("运单号", "waybill"), "complainant_kind": ("投诉人身份", "complainant"), "name": ("姓名", "name"),
    "phone": ("电话", "phone"), "address": ("地址", "address"), "site_code": ("站点编号", "site"),
    "text": ("内容", "text"),
}  # fmt: skip
NEEDED = ("category", "channel", "text")
# what stands in a cell beside the codes themselves
WORDS: Mapping[str, Mapping[str, str]] = {
    "kind": {"": "complaint", "投诉": "complaint", "投诉工单": "complaint", "催件": "expedite", "咨询": "inquiry"},
    "channel": {
        "电话": "telephone", "微信": "wechat", "支付宝": "alipay", "qq": "qq", "网站": "web", "网页": "web",
        "邮件": "email", "电子邮件": "email", "信函": "letter", "来信": "letter", "监管": "regulator",
        "12305": "regulator", "邮政监管": "regulator", "邮政监管（12305）": "regulator",
    },
    "complainant_kind": {
        "": "consignee", "收件人": "consignee", "寄件人": "sender", "商家": "merchant", "平台": "platform",
        "监管": "regulator",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One row below the headings: its number in the sheet, and its cells by column."""

    n: int
    cells: Mapping[str, str]


def lines_of(rows: Sequence[Sequence[str]]) -> tuple[list[Line], tuple[str, ...]]:
    """The rows with something in them, and the needed columns that the first row does not name.

    The heading may be Chinese or the English word; columns with another heading are left out.
    """
    if not rows:
        return [], NEEDED
    places = _places(rows[0])
    missing = tuple(name for name in NEEDED if name not in places)
    found = []
    for n, row in enumerate(rows[1:], 2):
        cells = {name: row[at] if at < len(row) else "" for name, at in places.items()}
        if any(cells.values()):
            found.append(Line(n, cells))
    return found, missing


def _places(head: Sequence[str]) -> dict[str, int]:
    known = {word: name for name, words in COLUMNS.items() for word in words}
    places: dict[str, int] = {}
    for at, heading in enumerate(head):
        name = known.get(heading.strip().lower())
        if name is not None:
            places.setdefault(name, at)
    return places


def code_of(column: str, cell: str) -> str:
    """The code that a cell means: the code itself or its Chinese word; what is neither stays as it is."""
    return WORDS.get(column, {}).get(cell.strip().lower(), cell.strip())
