"""What a search looks for (ux, "search"): texts and queries cut into the same tokens, and where a text was hit.

Chinese runs become overlapping pairs of characters, since nothing else finds a word of two in both engines; Latin words
and digits stay whole. Full width and case make no difference. A token holds letters and digits only, so that it needs
no quoting anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.waybills import normalise

LONGEST_TOKEN = 20  # characters; a longer one is cut in the text and in the query alike
MOST_TOKENS = 2000  # of one text: what a person types has at most as many characters
LONGEST_QUERY, MOST_WORDS = 200, 8
LEAST_SUFFIX = 4  # last characters of a waybill, last digits of a telephone
WAYBILL, PHONE = "№", "☎"  # before the last four of either, as a token that no text has
AROUND = 18  # characters shown before a hit
EXCERPT = 72  # characters of an excerpt
# entries with a text that no thread shows: another entry says the same, or it is about money, which is the manager's
UNSEEN = frozenset({"appeal_opened", "penalty_entered", "penalty_contested", "penalty_ruled"})
SEEN = ("text", "signed_by")  # of what was typed, that which the thread shows

_HAN = (
    "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U000323af"
)
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|(?:(?![{_HAN}])[^\W_])+")
_ORDER = re.compile(r"[!-~]{2,64}")
_GROUPED = re.compile(r"[A-Za-z]{0,4}[0-9]{6,20}")
_LAST_FOUR = re.compile(r"[0-9]{4}")
_HALF_WIDTH = {0x3000: 0x20} | {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)}
_LOWER = {i: ord(chr(i).lower()) for i in range(0x10000) if len(chr(i).lower()) == 1}
_FOLD = {i: low for i, low in _LOWER.items() if low != i} | {f: _LOWER[half] for f, half in _HALF_WIDTH.items()}
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
_SEQUENCE_BITS = 22


@dataclass(frozen=True)
class Word:
    """One word of a query: tokens that a text must have, the beginning of one more, and the Chinese runs in it.

    `code` is the word as numbers and waybills are written, `order` as a platform writes its codes; both empty where it
    can be neither. `last_four` are the digits that a telephone may end in.
    """

    said: str
    tokens: tuple[str, ...]
    prefix: str
    runs: tuple[str, ...]
    code: str
    order: str

    @property
    def last_four(self) -> str:
        """The word where it is four digits."""
        return self.code if _LAST_FOUR.fullmatch(self.code) else ""

    @property
    def tails(self) -> tuple[str, ...]:
        """Where the word has four characters: the tokens of which a document may have one in place of the others."""
        return tails(self.code if len(self.code) == LEAST_SUFFIX else "", self.last_four)

    @property
    def needles(self) -> tuple[str, ...]:
        """What to look for in a folded text to show the hit."""
        return (*self.runs, *(one for one in (*self.tokens, self.prefix) if one and not _is_han(one)))


@dataclass(frozen=True)
class Query:
    """What was asked: every word must be found. `short` is a word of one character, which cannot be looked for."""

    words: tuple[Word, ...]
    short: str = ""


def fold(text: str) -> str:
    """`text` in half width and lower case, character for character, so that places in both are the same."""
    return text.translate(_FOLD)


def tokens(text: str) -> tuple[str, ...]:
    """The different tokens of a text in their order, at most MOST_TOKENS."""
    found: dict[str, None] = {}
    for match in _RUN.finditer(fold(text)):
        found.update(dict.fromkeys(_pairs(match.group()) if match["han"] else [match.group()[:LONGEST_TOKEN]]))
        if len(found) >= MOST_TOKENS:
            break
    return tuple(found)[:MOST_TOKENS]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _is_han(token: str) -> bool:
    match = _RUN.match(token)
    return bool(match and match["han"])


def tails(waybill: str, phone: str) -> tuple[str, ...]:
    """The tokens by which a ticket is found by the last four characters of its waybill and its telephone.

    They stand among its words, so that those of one scope are found at once and the newest first: of all waybills one
    in ten thousand ends alike.
    """
    ends = ((WAYBILL, fold(waybill[-LEAST_SUFFIX:])), (PHONE, phone[-LEAST_SUFFIX:]))
    return tuple(sign + end for sign, end in ends if len(end) == LEAST_SUFFIX and end.isascii() and end.isalnum())


def parse(text: str) -> Query:
    """A query out of what somebody typed. Signs alone are left out, and so is what comes after MOST_WORDS words."""
    said = dict.fromkeys(text[:LONGEST_QUERY].translate(_HALF_WIDTH).split())
    runs = {one: list(_RUN.finditer(fold(one))) for one in said}
    short = next((one for one, found in runs.items() if len(found) == 1 and len(found[0].group()) < 2), "")
    return Query(tuple(_word(one, found) for one, found in runs.items() if found and one != short)[:MOST_WORDS], short)


def together(text: str) -> str:
    """A number that somebody wrote in groups ("7312 7050 0933"), as one; empty where it can be no such number."""
    groups = text[:LONGEST_QUERY].translate(_HALF_WIDTH).split()
    whole = "".join(groups)
    return whole if len(groups) > 1 and _GROUPED.fullmatch(whole) else ""


def _word(said: str, runs: Sequence[re.Match[str]]) -> Word:
    """A character alone beside other runs is no token; `holds` looks for it."""
    found: list[str] = []
    for match in runs:
        found += _pairs(match.group()) if match["han"] else [match.group()[:LONGEST_TOKEN]]
    prefix = "" if runs[-1]["han"] else found.pop()
    han = tuple(match.group() for match in runs if match["han"])
    order = said if _ORDER.fullmatch(said) else ""
    code = normalise(order) if len(order) >= LEAST_SUFFIX else ""
    return Word(said, tuple(dict.fromkeys(found)), prefix, han, code, order)


def readable(kind: str, body: Mapping[str, Any]) -> str:
    """What of an entry's text its readers see in the thread, and so may find it by; empty for entries that it hides.

    Everybody in a ticket's scope reads the whole thread. An entry that some of them shall not read needs a document of
    its own for the others, or it is found by those who do not see it.
    """
    if kind in UNSEEN:
        return ""
    return "\n".join(str(body[name]) for name in SEEN if body.get(name))


def rank(at: datetime, number: str) -> int:
    """The place of a ticket in the order of its newest entries: milliseconds since 2024, then its sequence number.

    No two tickets have the same. `at` is UTC; before 2024 it is negative.
    """
    sequence = number.rpartition("-")[2]
    low = int(sequence) % (1 << _SEQUENCE_BITS) if sequence.isdecimal() else 0
    return (at - _EPOCH) // timedelta(milliseconds=1) << _SEQUENCE_BITS | low


def written_at(place: int) -> datetime:
    """When the newest entry of a ticket with that rank was written."""
    return _EPOCH + timedelta(milliseconds=place >> _SEQUENCE_BITS)


def holds(texts: Sequence[str], query: Query) -> bool:
    """Whether each Chinese run of the query stands in one of the texts as it was typed: pairs alone may lie apart."""
    folded = [fold(text) for text in texts]
    return all(any(run in text for text in folded) for word in query.words for run in word.runs)


def hits(text: str, query: Query) -> int:
    """How many words of the query the text has."""
    folded = fold(text)
    return sum(any(_places(folded, needle) for needle in word.needles) for word in query.words)


def excerpt(text: str, query: Query) -> tuple[tuple[str, bool], ...]:
    """The part of a text around its first hit, cut into pieces; True marks what was looked for."""
    plain = " ".join(text.split())
    folded = fold(plain)
    needles = [needle for word in query.words for needle in word.needles]
    places = sorted({place for needle in needles for place in _places(folded, needle)})
    start = max(0, places[0][0] - AROUND) if places else 0
    start = start if start > 2 else 0
    end = min(len(plain), start + EXCERPT)
    inside = [(max(a, start), min(b, end)) for a, b in places if a < end and b > start]
    pieces = list(_cut(plain, start, end, inside))
    head, tail = [("…", False)] if start else [], [("…", False)] if end < len(plain) else []
    return (*head, *pieces, *tail)


def _places(folded: str, needle: str) -> list[tuple[int, int]]:
    """Where a needle stands; a Latin one only where a word begins."""
    pattern = re.escape(needle) if _is_han(needle) else rf"(?<![^\W_{_HAN}]){re.escape(needle)}"
    return [match.span() for match in re.finditer(pattern, folded)]


def _cut(text: str, start: int, end: int, places: list[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    """The pieces between `start` and `end`; places that overlap or touch are one."""
    at, joined = start, list[tuple[int, int]]()
    for a, b in places:
        if joined and a <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    for a, b in joined:
        if a > at:
            yield text[at:a], False
        yield text[a:b], True
        at = b
    if at < end:
        yield text[at:end], False
