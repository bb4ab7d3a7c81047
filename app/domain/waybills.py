"""Waybill numbers: how they are written, which are refused, which only look odd (interfaces, section 3)."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import Invalid

# What each carrier's numbers look like today. They change with time, so a mismatch only warns;
# a company passes its own mapping where it knows better.
PATTERNS: Mapping[str, str] = {
    "best": r"[0-9A-Z]{12,14}",  # 百世
    "yto": r"YT\d{13}|[0-9A-Z]{10,18}",  # 圆通
    "sto": r"\d{12,13}",  # 申通
    "zto": r"\d{12}",  # 中通
    "yunda": r"\d{13}",  # 韵达
    "zjs": r"\d{10}",  # 宅急送
    "sf": r"SF\d{13}|\d{12}",  # 顺丰
}

_ACCEPTABLE = re.compile(r"[A-Z0-9-]{8,20}")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
# Only a-z are raised: str.upper() would turn letters that no waybill has (ß, ı) into ones it may have.
_HALF_WIDTH_UPPER = str.maketrans(
    {full: chr(full - 0xFEE0).upper() for full in range(0xFF01, 0xFF5F)}
    | {ord(c): c.upper() for c in string.ascii_lowercase}
    | dict.fromkeys(map(ord, _INVISIBLE))
)


def normalise(text: str) -> str:
    """The waybill as it is stored and compared: upper-case, no spaces of any kind, full width to half width.

    Never refuses: what is no waybill stays recognisable for the clerk who has to correct it.
    """
    return "".join(text.translate(_HALF_WIDTH_UPPER).split())


def is_acceptable(waybill: str) -> bool:
    """True for a normalised waybill of 8 to 20 characters A-Z, 0-9, hyphen.

    A form refuses anything else; a platform's push is never refused for it and goes to a tray instead.
    """
    return _ACCEPTABLE.fullmatch(waybill) is not None


MOST_PASTED = 20  # numbers that are looked up at once
LONGEST_PASTE = 4000  # characters that are read
LONGEST_NAMED = 30  # characters of something invalid that are repeated
# What people put between numbers, in half and full width; letters and signs that no number has stay in their word, so
# that a number with a wrong sign in it is named and not cut into two that look right.
_BETWEEN = re.compile(r"[,;|｜／＼/\\\"'`()\[\]{}<>，、；。：:！“”‘’（）【】［］《》〈〉「」\r\n\t\v\f\u2028\u2029]+")
_LABEL = re.compile(r"\A[\u3400-\u9fff#№*.·=]+|[\u3400-\u9fff.·!?？…]+\Z")
_COUNTED = re.compile(r"[0-9]{1,2}\.?")  # "1." before the entries of a list


@dataclass(frozen=True)
class Pasted:
    """What was found in a pasted text: the numbers in their order, each once; what is no number, as it was written;
    how many came again; and the numbers beyond the first MOST_PASTED, which are left out."""

    numbers: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    doubled: int = 0
    beyond: tuple[str, ...] = ()


def pasted(text: str) -> Pasted:
    """The numbers in a text that somebody pasted from a chat, a sheet or a form (interfaces, section 3).

    Blanks, commas, lines and brackets of either width part them; Chinese labels around them are left out. A number
    that stands in groups ("7312 7050 0933") is put together where none of the groups is one by itself. Raises
    Invalid("too_long") beyond LONGEST_PASTE characters: a number cut in two might look right.
    """
    if len(text) > LONGEST_PASTE:
        raise Invalid({"numbers": "too_long"})
    found: list[str] = []
    invalid: dict[str, None] = {}
    for piece in _BETWEEN.split(text):
        good, bad = _read(piece.split())
        found += good
        invalid.update(dict.fromkeys(word[:LONGEST_NAMED] for word in bad))
    once = tuple(dict.fromkeys(found))
    return Pasted(once[:MOST_PASTED], tuple(invalid), len(found) - len(once), once[MOST_PASTED:])


def _read(words: list[str]) -> tuple[list[str], list[str]]:
    """The numbers and the other words of a piece without a sign in it."""
    bare = {word: _LABEL.sub("", normalise(word)) for word in words}
    said = [word for word in words if any(c.isalnum() for c in bare[word]) and not _COUNTED.fullmatch(bare[word])]
    good = [bare[word] for word in said if is_acceptable(bare[word])]
    groups = [word for word in words if any(c.isalnum() for c in bare[word])]
    while groups and _COUNTED.fullmatch(bare[groups[0]]):  # before a number it counts, within one it is a part of it
        groups.pop(0)
    together = "".join(bare[word] for word in groups)
    if len(groups) > 1 and not good and is_acceptable(together) and all(c.isdigit() for c in together[2:]):
        return [together], []
    return good, [word for word in said if not is_acceptable(bare[word])]


def carrier_warning(carrier: str, waybill: str, patterns: Mapping[str, str] = PATTERNS) -> bool:
    """True when a normalised `waybill` does not look like that carrier's: a hint on the screen, never a refusal.

    An empty waybill and a carrier without a pattern give no warning: there is nothing to compare.
    """
    pattern = patterns.get(carrier)
    return bool(pattern and waybill) and re.fullmatch(pattern or "", waybill, re.ASCII) is None


def tail(waybill: str, n: int = 4) -> str:
    """The last `n` characters, for reminders and lists; a shorter waybill comes whole."""
    return waybill[-n:] if n > 0 else ""
