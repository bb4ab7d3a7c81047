"""A list of tickets as a sheet has it: which columns there are, under which headings, and what their words mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain import sheet_rows
from app.domain.sheet_rows import Line

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


def lines_of(rows: Sequence[Sequence[str]]) -> tuple[list[Line], tuple[str, ...]]:
    """The rows of tickets; the heading may be Chinese or the English word."""
    return sheet_rows.lines_of(rows, COLUMNS, NEEDED)


def code_of(column: str, cell: str) -> str:
    """The code that a cell means: the code itself or its Chinese word; what is neither stays as it is."""
    return WORDS.get(column, {}).get(cell.strip().lower(), cell.strip())
