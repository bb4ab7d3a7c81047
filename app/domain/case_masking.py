"""What must not stand in a typical case (rulebook 5, 8): names, telephones, house numbers, waybills of its ticket."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.domain.masking import mask_address, mask_name, mask_text, mask_waybill

# A house number inside a text; 18号 after a month is a day. It has at most ten parts: a chain without end would be
# walked again from each of its parts.
_HOUSE = re.compile(
    r"(?<![月0-9])[A-Za-z]?[0-9０-９]{1,5}(?:[-－—][0-9０-９]{1,5}){0,9}\s*(?:号|弄|幢|栋|座|单元|室)(?!码)"
    r"(?:\s*[A-Za-z]?[0-9０-９一二三四五六七八九十]{1,5}\s*(?:号|弄|幢|栋|座|楼|层|单元|室))*"
    r"|[一二三四五六七八九十]{1,3}(?:弄|幢|栋|单元|室)"
)
_WAYBILL = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2,4}[0-9]{9,15}(?![A-Za-z0-9])|(?<![0-9A-Za-z])[0-9]{12,15}(?![0-9])")
_NOBODY = frozenset({
    "本人", "家人", "家属", "门卫", "保安", "前台", "同事", "邻居", "朋友", "驿站", "物业", "他人", "代收", "客户",
    "快递员", "派件员", "站点", "未知",
})  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What is known of the people of a ticket: names of customers, couriers and colleagues, addresses, waybills with
    the platforms' order numbers."""

    names: frozenset[str]
    addresses: frozenset[str]
    waybills: frozenset[str]


def masked(text: str, known: Known) -> str:
    """`text` without what tells who it was: each known waybill, address and name as the house masks it, and every
    telephone number, house number and waybill whoever it belongs to. Masking twice changes nothing."""
    for waybill in _longest_first(known.waybills, 6):
        text = text.replace(waybill, mask_waybill(waybill))
    for address in _longest_first(known.addresses, 4):
        text = text.replace(address, mask_address(address))
    text = mask_text(_WAYBILL.sub(_hide_waybill, text))
    for name in _longest_first(known.names, 2):
        if name not in _NOBODY:
            text = text.replace(name, mask_name(name))
    return _HOUSE.sub("***", text)


def _hide_waybill(found: re.Match[str]) -> str:
    """What reads as a telephone number is left to the rule of telephone numbers."""
    return mask_waybill(found.group()) if mask_text(found.group()) == found.group() else found.group()


def _longest_first(texts: frozenset[str], least: int) -> list[str]:
    return sorted((text for text in texts if len(text) >= least), key=lambda text: (-len(text), text))
