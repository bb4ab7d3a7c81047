"""What of a person is shown by default (rulebook 8): a little of the name, few digits, the street without its number.

Every function is total: any text gives a masked text, an empty one stays empty. Showing something in full is
another, logged action and never a parameter here.
"""

from __future__ import annotations

import re
import unicodedata

from app.domain import names

STARS = "******"
LONGEST = 100  # characters of a telephone number with all that people write beside it; what is longer is none
_KEEP_HEAD, _KEEP_TAIL, _MIN_HIDDEN = 3, 2, 6

_MARKER = re.compile(r"[号弄幢栋座室號棟]|单元|單元")
_NUMERALS = frozenset("〇零一二三四五六七八九十百千两兩廿卅壹贰叁肆伍陆柒捌玖拾佰甲乙丙丁之")
_LETTERS = frozenset(chr(base + i) for base in (ord("A"), ord("a"), 0xFF21, 0xFF41) for i in range(26))
_JOINERS = frozenset("-－—–#＃ \u3000\t")


def mask_name(name: str) -> str:
    """A name keeps its first character that can be seen: 王小明 becomes 王**. The number of stars never tells the
    length."""
    name = names.plain(name)
    return f"{name[0]}**" if name else ""


def _digits(text: str) -> str:
    """All decimal digits of `text` as ASCII, full-width ones included."""
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())


_EXTENSION = re.compile(r"(.*\d)\s*(?:转|轉|分机|ext\.?|[-#,，;；*xX_])\s*\d{1,6}\s*", re.IGNORECASE | re.DOTALL)


def mask_phone(phone: str) -> str:
    """A telephone number with at least six digits hidden: 13812345678 becomes 138******78.

    From 11 digits on the first three and last two stay, with 8 to 10 digits the last two; anything shorter is hidden
    whole. A leading +86 or 0086 is dropped; an extension (virtual numbers: 13812345678-1234) is hidden whole,
    and so is what is longer than any number.
    """
    phone = phone.strip()
    if not phone:
        return ""
    if len(phone) > LONGEST:
        return STARS
    extension = _EXTENSION.fullmatch(phone)
    if extension and len(_digits(extension.group(1))) >= 10:
        return mask_phone(extension.group(1)) + "-****"
    digits = re.sub(r"^(?:00)?86(?=\d{9})", "", _digits(phone))
    if len(digits) >= _KEEP_HEAD + _MIN_HIDDEN + _KEEP_TAIL:
        return digits[:_KEEP_HEAD] + STARS + digits[-_KEEP_TAIL:]
    return STARS + digits[-_KEEP_TAIL:] if len(digits) >= _MIN_HIDDEN + _KEEP_TAIL else STARS


def _is_house_digit(char: str) -> bool:
    """A digit of any script or shape (２, ②, Ⅲ), but no Chinese numeral: 文三路 is a street."""
    return char.isdigit() or (char.isnumeric() and not "\u3000" <= char <= "\u9fff")


def _back_over(address: str, end: int, wanted: frozenset[str]) -> int:
    """The start of the run of `wanted` characters that ends just before `end`."""
    while end > 0 and address[end - 1] in wanted:
        end -= 1
    return end


def mask_address(address: str) -> str:
    """An address ends before its first house number and goes on as ***: 杭州市西湖区文三路***.

    The house number begins at the first digit, or at the first 号 弄 幢 栋 座 单元 室 together with the numerals or
    letters directly before it (十八号, A座). Chinese numerals elsewhere (文三路) are part of the name.
    """
    address = address.strip().rstrip("*")
    if not address:
        return ""
    digit = next((i for i, char in enumerate(address) if _is_house_digit(char)), len(address))
    marker = _MARKER.search(address)
    ends = [_back_over(address, digit, _LETTERS | _JOINERS) if digit < len(address) else len(address)]
    if marker:
        ends.append(_back_over(address, marker.start(), _NUMERALS | _LETTERS | _JOINERS))
    return address[: min(ends)].rstrip("* \u3000\t\r\n") + "***"


def mask_waybill(waybill: str) -> str:
    """A waybill keeps its leading letters and last four digits: YT0000000000501 becomes YT******0501."""
    waybill = waybill.strip()
    head = re.match(r"[A-Za-z]{0,4}", waybill)
    letters, rest = (head.group(), waybill[head.end() :]) if head else ("", waybill)
    return letters + STARS + (rest[-4:] if len(rest) > 4 + _MIN_HIDDEN else "") if waybill else ""


# --- telephone numbers in free text -------------------------------------------------------------------------------

_MOBILE = r"1[3-9]\d{9}"
_AREA = r"(?:10|2\d|[3-9]\d\d)"
_LANDLINE = rf"{_AREA}[2-9]\d{{6,7}}"
_NUMBER = re.compile(
    rf"(?:(?:00)?86)?0?{_MOBILE}|{_MOBILE}{_MOBILE}|0{_LANDLINE}|00860?{_LANDLINE}|0085[23][235689]\d{{7}}", re.ASCII
)
_ABROAD = re.compile(rf"860?{_LANDLINE}|85[23][235689]\d{{7}}|8860?9\d{{8}}", re.ASCII)
_SOLID_MOBILE = re.compile(_MOBILE, re.ASCII)
_BEGINS = re.compile("0|1[3-9]|86")  # how every _NUMBER does: what does not is looked at no further
_FREE_CALL = re.compile(r"[48]00\d{7}", re.ASCII)
_RUN = re.compile(r"[0-9]+")
_GAP = re.compile(r"[ \-().·_\u200b]{0,3}")
_LABEL = re.compile(
    r"(?:电话|手机|座机|固话|联系方式|热线|致电|拨打|(?<![a-z])(?:tel|phone|mobile|call))"
    r"[号码是为打給给来 :：.]{0,4}\+?\Z",
    re.IGNORECASE,
)
_TEXT_EXTENSION = re.compile(
    r"(?: ?(?:转|轉|分机|ext\.?|#|-|_) ?[0-9]{1,6}| ?[,，] ?[0-9]{3,4})(?![0-9年月日号点时分秒元件个天单票:.\-])",
    re.IGNORECASE,
)
_DATE = r"(?<![0-9])(?:19|20)[0-9]{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12][0-9]|3[01])(?![0-9])"
_NO_PREFIX = r"(?!(?:TEL|PHONE|MOBILE|MOB|CALL|QQ|WX|VX)[0-9])"
_IDENTIFIER = rf"(?<![A-Za-z0-9]){_NO_PREFIX}[A-Z]{{2,6}}[0-9]{{5,}}(?:-[0-9]{{4,8}}(?![0-9]))?"
_PROTECTED = re.compile(f"{_DATE}|{_IDENTIFIER}")
_DIGIT = re.compile(r"\d")
_MIN_DIGITS, _MAX_DIGITS = 7, 22
_KNOWN = 20_000  # characters that are remembered: more than any language's text has


def _shadow(text: str) -> str:
    """`text` with its digits, dashes and spaces brought to one form, character for character, for matching only."""
    return text.translate(_PLAIN)


class _Plain(dict[int, str]):
    """What `_plain` says of a character, asked once of each: pages mask some hundred texts."""

    def __missing__(self, code: int) -> str:
        found = _plain(chr(code))
        if len(self) < _KNOWN:
            self[code] = found
        return found


_PLAIN = _Plain()


def _plain(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    category = unicodedata.category(char)
    if category == "Pd":
        return "-"
    if category == "Cf":
        return "\u200b"
    return {"（": "(", "）": ")", "．": ".", "＋": "+"}.get(char, " " if category == "Zs" or char == "\t" else char)


def _protected(shadow: str) -> list[bool]:
    """Which characters belong to a date or to a number with a letter prefix (ticket, waybill, platform order)."""
    kept = [False] * len(shadow)
    for match in _PROTECTED.finditer(shadow):
        if not _SOLID_MOBILE.fullmatch(match.group().lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")):
            kept[match.start() : match.end()] = [True] * (match.end() - match.start())
    return kept


def _is_number(digits: str, labelled: bool, abroad: bool, first_run: int) -> bool:
    """True when joined `digits` are a telephone number: after a word like 电话, after a +, or by their own shape."""
    if _FREE_CALL.fullmatch(digits):
        return False
    if labelled and 7 <= len(digits) <= 13 and not digits.startswith("00"):
        return True
    if abroad and _ABROAD.fullmatch(digits):
        return True
    # 09-22 2612345 is no landline: its area code is never written in two pieces.
    return _NUMBER.fullmatch(digits) is not None and (first_run >= 3 or digits[0] != "0")


def _number_end(shadow: str, runs: list[tuple[int, int]], at: int, kept: list[bool]) -> int | None:
    """How many groups from `runs[at]` on make one telephone number, or None. A gap is at most three signs."""
    start, digits = runs[at][0], ""
    labelled, abroad = _LABEL.search(shadow, max(0, start - 14), start) is not None, shadow.endswith("+", 0, start)
    best = None
    for i in range(at, len(runs)):
        if kept[runs[i][0]] or (i > at and not _GAP.fullmatch(shadow, runs[i - 1][1], runs[i][0])):
            break
        digits += shadow[runs[i][0] : runs[i][1]]
        if len(digits) > _MAX_DIGITS or not (labelled or abroad or len(digits) < 2 or _BEGINS.match(digits)):
            break
        if len(digits) >= _MIN_DIGITS and _is_number(digits, labelled, abroad, runs[at][1] - start):
            best = i + 1
            if len(digits) >= 10 or not digits.startswith(("0", "1", "86")):  # a local number ends here
                break
    return best


def mask_text(text: str) -> str:
    """`text` with every telephone number masked: mobiles and landlines in any usual spelling, +86, extensions.

    Spaces, dashes, dots, brackets and full-width digits inside a number are seen through; after a word like 电话 a
    local number of 7 or 8 digits counts too. Dates, ticket numbers, waybills of 12 or 13 digits or with a letter
    prefix, and company numbers (400, 800, 95…) stay. Where 13 digits read as 86 and a mobile, they are masked.
    """
    if len(_DIGIT.findall(text)) < _MIN_DIGITS:
        return text
    shadow = _shadow(text)
    kept = _protected(shadow)
    runs = [match.span() for match in _RUN.finditer(shadow)]
    out, done, at = [], 0, 0
    while at < len(runs):
        count = _number_end(shadow, runs, at, kept)
        if count is None:
            at += 1
            continue
        end = runs[count - 1][1]
        start = _start_of(shadow, runs[at][0], end, done)
        extension = _TEXT_EXTENSION.match(shadow, end)
        out += [text[done:start], mask_phone(shadow[start:end])]
        if extension and not kept[extension.end() - 1] and not _begins_number(shadow, runs, count, kept):
            out.append("-****")
            end = extension.end()
        done = end
        at = next((i for i in range(count, len(runs)) if runs[i][0] >= end), len(runs))
    return "".join([*out, text[done:]])


def mask_start(text: str, most: int) -> str:
    """The first `most` characters of the masked text, without looking at the rest of a long one: lists show the start
    of what may be twenty thousand characters on each of fifty lines. A number is never more than ten times as long as
    what is left of it."""
    return mask_text(text[: 10 * most + 300])[:most]


def _start_of(shadow: str, start: int, end: int, done: int) -> int:
    """Takes the + of +86 and the bracket of (0571) into the number, so that no half of a pair stays behind."""
    if start > done and shadow[start - 1] == "(" and ")" in shadow[start:end]:
        start -= 1
    country = start > done and shadow[start - 1] == "+" and shadow[start : start + 2] in ("86", "85", "88")
    return start - 1 if country else start


def _begins_number(shadow: str, runs: list[tuple[int, int]], at: int, kept: list[bool]) -> bool:
    """True when the next group starts a number of its own: 13812345678,139 1234 5678 are two telephones."""
    return at < len(runs) and _number_end(shadow, runs, at, kept) is not None
