"""Problem parcels (问题件): what a site reports to the site that must act, by type (rulebook 2).

A type is data: which fields a report of it has, which of them must be filled in, and how many photos go with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from app.domain.kinds import OTHERWISE, PROBLEM
from app.domain.pictures import MAX_PER_ENTRY

TEXT, NUMBER, DAY, CHOICE = "text", "number", "day", "choice"
FIELD_KINDS = (TEXT, NUMBER, DAY, CHOICE)
LONGEST = 200  # characters of one field
MOST_FIELDS = 8
OTHER = OTHERWISE[PROBLEM]


@dataclass(frozen=True)
class Field:
    """One field of a type with its two labels; `options` are what a CHOICE offers, `options_en` the same in English, in
    the same order, empty where the first ones' own English holds (ENGLISH)."""

    name: str
    label: str
    label_en: str
    kind: str = TEXT
    required: bool = True
    options: tuple[str, ...] = ()
    options_en: tuple[str, ...] = ()

    def english(self, option: str) -> str:
        """An option's English; itself where it has none."""
        named = dict(zip(self.options, self.options_en, strict=False)).get(option, "")
        return named or ENGLISH.get(option, option)


@dataclass(frozen=True)
class ProblemType:
    """A type with its fields; `photos` is the least number of pictures, at most MAX_PER_ENTRY."""

    code: str
    name: str
    name_en: str
    fields: tuple[Field, ...] = field(default=())
    photos: int = 0


PACKING = ("外包装完好，内件破损", "外包装破损，内件完好", "内外均破损")
REFUSED = ("客户不要了", "外包装破损", "与订购不符", "未约定到付", "其他")
ADDRESS = ("无门牌", "地址不存在", "面单污损", "超派送范围", "其他")
BAD_SLIP = ("无签名", "无日期", "无印章", "破损", "错单")
# What the first options are called in English; an administrator's own ones say it themselves.
ENGLISH = dict(zip(
    (*PACKING, *REFUSED, *ADDRESS, *BAD_SLIP),
    ("Packing whole, contents damaged", "Packing damaged, contents whole", "Packing and contents damaged",
     "Customer does not want it", "Packing damaged", "Not what was ordered", "No cash on delivery agreed", "Other",
     "No house number", "Address does not exist", "Label cannot be read", "Outside the delivery area", "Other",
     "No signature", "No date", "No stamp", "Damaged", "Wrong slip"),
    strict=True,
))  # fmt: skip
_DUE = Field("due_on", "应返日期", "Due back on", DAY)
TYPES = (
    ProblemType("PROBLEM_DAMAGED", "破损", "Damaged", (
        Field("packing", "包装情况", "Packing", CHOICE, options=PACKING),
        Field("damage", "破损部位和程度", "What is damaged"),
        Field("value", "声明价值（元）", "Declared value (yuan)", NUMBER, required=False),
    ), photos=1),
    ProblemType("PROBLEM_SHORT", "内件短少", "Contents missing", (
        Field("missing", "短少内容", "What is missing"),
        Field("weight_then", "收件重量（千克）", "Weight at collection (kg)", NUMBER, required=False),
        Field("weight_now", "实际重量（千克）", "Weight now (kg)", NUMBER),
    ), photos=1),
    ProblemType("PROBLEM_REFUSED", "客户拒收", "Refused", (
        Field("reason", "拒收原因", "Reason", CHOICE, options=REFUSED),
        Field("wish", "客户要求", "What the customer wants", required=False),
    )),
    ProblemType("PROBLEM_LOST", "遗失", "Lost", (
        Field("last_place", "最后见到的地点", "Where it was last seen"),
        Field("searched", "已查找范围", "Where it was looked for"),
    )),
    ProblemType("PROBLEM_ADDRESS", "地址不详或错误", "Address unclear or wrong", (
        Field("fault", "地址问题", "What is wrong", CHOICE, options=ADDRESS),
    )),
    ProblemType("PROBLEM_NO_CONTACT", "联系不上收件人", "Consignee cannot be reached", (
        Field("attempts", "拨打次数", "Attempts", NUMBER),
        Field("last_try", "最后拨打日期", "Last attempt on", DAY),
    )),
    ProblemType("PROBLEM_SLIP_MISSING", "签收单未返", "Sign-off slip missing", (_DUE,)),
    ProblemType("PROBLEM_SLIP_LATE", "签收单延迟", "Sign-off slip late", (
        _DUE, Field("back_on", "实返日期", "Came back on", DAY, required=False),
    )),
    ProblemType("PROBLEM_SLIP_BAD", "签收单不合格", "Sign-off slip unqualified", (
        Field("fault", "不合格原因", "What is wrong", CHOICE, options=BAD_SLIP),
    ), photos=1),
    ProblemType("PROBLEM_SLIP_LOST", "签收单遗失", "Sign-off slip lost", (_DUE,)),
    ProblemType(OTHER, "其他问题件", "Another problem"),
)  # fmt: skip


def stored(fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Fields as they are kept."""
    return [asdict(one) | {"options": list(one.options), "options_en": list(one.options_en)} for one in fields]


def read(kept: Sequence[Mapping[str, Any]]) -> tuple[Field, ...]:
    """Fields as they were kept."""
    lists = ("options", "options_en")
    return tuple(Field(**{**one, **{name: tuple(one.get(name, ())) for name in lists}}) for one in kept)


def is_sound(one: Field) -> bool:
    """Whether a field that somebody typed can be asked for: a plain name, both labels, a known kind, and at least two
    options where one chooses."""
    named = one.name.isascii() and one.name.isidentifier() and bool(one.label and one.label_en)
    return named and one.kind in FIELD_KINDS and (one.kind != CHOICE or len(one.options) > 1)


def errors(fields: Sequence[Field], given: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the values of a report, by the field's name: required, too_long, not_a_number, not_a_date,
    not_an_option."""
    found = {one.name: _error(one, given.get(one.name, "").strip()) for one in fields}
    return {name: code for name, code in found.items() if code}


def photos_error(least: int, n: int) -> str:
    """What is wrong with the number of pictures; empty where it is enough and not too many."""
    if n > MAX_PER_ENTRY:
        return "too_many"
    return "photos_missing" if n < least else ""


def _error(one: Field, value: str) -> str:
    if not value:
        return "required" if one.required else ""
    if len(value) > LONGEST:
        return "too_long"
    if one.kind == CHOICE:
        return "" if value in one.options else "not_an_option"
    if one.kind == NUMBER:
        return "" if _number(value) else "not_a_number"
    return "" if one.kind != DAY or _day(value) else "not_a_date"


def _number(value: str) -> bool:
    whole, _, part = value.partition(".")
    return (whole + part).isascii() and whole.isdigit() and (part.isdigit() or "." not in value) and len(value) < 12


def _day(value: str) -> bool:
    try:
        return 2000 <= date.fromisoformat(value).year <= 2100
    except ValueError:
        return False
