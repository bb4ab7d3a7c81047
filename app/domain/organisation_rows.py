"""Organisations as a sheet or a form has them: columns, words, days, telephones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from app.domain import duty, names, sheet_rows
from app.domain.masking import mask_phone
from app.domain.organisations import FIRST_YEAR, LAST_YEAR, Entry
from app.domain.sheet_rows import Line

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "code": ("编码", "编号", "机构编码", "机构编号", "code"),
    "kind": ("类型", "机构类型", "kind"),
    "name": ("名称", "机构名称", "name"),
    "superior": ("上级编码", "上级编号", "上级", "superior"),
    "name_en": ("英文名", "英文名称", "name_en", "english name"),
    "address_prefix": ("地址前缀", "address_prefix", "address prefix"),
    "duty_phone": ("值班电话", "duty_phone", "duty phone"),
    "manager_phone": ("负责人电话", "manager_phone", "manager's phone"),
    "deputy": ("代理编码", "代理编号", "代理站点", "deputy"),
    "onboarded_from": ("考核起始日", "onboarded_from", "assessed from"),
    "closed_from": ("关闭日", "closed_from", "closed from"),
}
NEEDED = ("code", "kind", "name", "superior")
KIND_WORDS: Mapping[str, str] = {
    "总部": "headquarters", "省区": "province", "省": "province", "大区": "province", "管区": "district",
    "片区": "district", "站点": "site", "网点": "site", "分拨": "hub", "分拨中心": "hub", "转运中心": "hub",
    "部门": "department",
}  # fmt: skip
EXAMPLES = (
    ("HQ", "总部", "总部客服", "", "Headquarters", "", "13800000000", "", "", "2026-01-01", ""),
    ("33", "省区", "浙江省区", "HQ", "Zhejiang", "", "13800000033", "", "", "2026-01-01", ""),
    ("330106-01", "站点", "西湖文三站", "33", "Wensan (Xihu)", "浙江省杭州市西湖区", "0571-88880001", "13800000001",
     "330106-02", "2026-01-01", ""),
    ("330106-02", "站点", "西湖转塘站", "33", "Zhuantang (Xihu)", "浙江省杭州市西湖区转塘", "0571-88880002", "", "",
     "2026-01-01", ""),
)  # fmt: skip
DAYS, PHONES = ("onboarded_from", "closed_from"), ("duty_phone", "manager_phone")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ]00:00:00)?")


def lines_of(rows: Sequence[Sequence[str]]) -> tuple[list[Line], tuple[str, ...]]:
    """The rows of organisations, and the needed columns that the first row does not name."""
    return sheet_rows.lines_of(rows, COLUMNS, NEEDED)


def read(cells: Mapping[str, str], before: Entry | None) -> tuple[Entry, dict[str, str]]:
    """What the cells say, over what stood there before: a column that is not there leaves its field as it is, and so
    does a telephone number as it is shown, masked.

    With what cannot be read as a day or a telephone number, by field.
    """
    given: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, cell in cells.items():
        text = names.plain(cell)
        if name in DAYS:
            given[name] = day_of(text)
            if text and given[name] is None:
                wrong[name] = "not_a_date"
        elif name in PHONES:
            stood = getattr(before, name) if before else ""
            given[name] = stood if stood and text == mask_phone(stood) else duty.phone_of(text)
            if text and not given[name]:
                wrong[name] = "bad_duty_phone"
        else:
            given[name] = _word(name, text)
    return replace(before or Entry(""), **given), wrong


def _word(name: str, text: str) -> str:
    if name in ("code", "superior", "deputy"):
        return unicodedata.normalize("NFKC", text)
    if name == "kind":
        return KIND_WORDS.get(text, text.lower())
    return "".join(text.split()) if name == "address_prefix" else text


def day_of(text: str) -> date | None:
    """2026-01-31, 2026/1/31 or 2026年1月31日, as Excel writes days too; None for anything else."""
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", text))
    try:
        day = date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None
    return day if day and FIRST_YEAR <= day.year <= LAST_YEAR else None


def cells_of(entry: Entry) -> dict[str, str]:
    """An entry as its form shows it."""
    return {
        name: value.isoformat() if isinstance(value, date) else str(value or "") for name, value in vars(entry).items()
    }
