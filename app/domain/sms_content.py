"""What the gateways and carriers reject, found before a text is handed in (interfaces, section 2 "Content rules").

The rules are the published ones of both gateways: the signature in 【】 belongs to the gateway, links only where
approved and never in a variable, no personal mobile number, no variable beside another at Tencent, no words of debt
collection or legal threat; 70 characters are one billed part, longer ones are billed by 67.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.domain.sms_templates import PLACEHOLDER, PURPOSES, Purpose, filled, placeholders

LONGEST = 500  # characters with signature and values, at both gateways
READ = 2 * LONGEST  # characters that are looked at; the search for links costs their square
ONE_PART, PER_PART = 70, 67
LEAST_FIXED = 6  # characters of fixed text; a text of variables alone is refused
VARIABLE_LIMIT = {"tencent": 6, "aliyun": 35, "console": 35}  # Tencent: accounts opened since January 2024

BANNED = (
    "催款", "催收", "欠款", "逾期未还", "贷款", "借贷", "还款", "征信", "黑名单", "法院", "起诉", "诉讼", "律师函",
    "传票", "法律维权", "法律责任", "上门追讨", "强制执行", "恐吓", "赌博", "博彩", "彩票", "中奖", "抽奖", "返利",
    "返现", "刷单", "投资理财", "股票", "期货", "加微信", "加QQ", "加群", "开发票", "贩卖", "毒品", "色情",
    "邀请注册", "用户召回", "优惠券", "积分兑换",
)  # fmt: skip

_LINK = re.compile(
    r"(?:https?://)?(?P<host>(?:[A-Za-z0-9-]+\.|\$\{[a-z_]+\}\.?)*(?:[A-Za-z0-9-]+|\$\{[a-z_]+\})"
    r"\.(?:com|cn|net|org|cc|top|vip|xyz|ltd|io|me|tv|info|biz|site|club|link|shop|url|tinyurl))(?![A-Za-z0-9])"
    r"|https?://(?P<other>[^\s/，。；]+)",
    re.IGNORECASE,
)
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
_ADDRESS = re.compile(
    r"[\u4e00-\u9fff](?:路|街|道|巷|弄|村|小区|大厦)\s*[0-9一二三四五六七八九十]+\s*(?:号|弄|幢|栋|座|单元|室)"
)
_PERSON = re.compile(r"[\u4e00-\u9fff]{1,3}(?:先生|女士|小姐|太太)")
_SIGNATURE = re.compile(r"[0-9A-Za-z\u4e00-\u9fff]{2,12}")
_ODD = re.compile(r"[¥￥★☆☞✓✔√※→●◆■\^&]|[\U0001F000-\U0001FAFF]")
_BRACES = re.compile(r"[{}]|\$(?=\{)")


@dataclass(frozen=True)
class Finding:
    """One remark on a text. Serious ones make the gateway refuse it; the others cost money. `detail`: the spot."""

    code: str
    serious: bool = True
    detail: str = ""


def lint(
    text: str, *, purpose: str, driver: str, signature: str, signatures: tuple[str, ...] = (),
    link_hosts: tuple[str, ...] = (),
) -> tuple[Finding, ...]:  # fmt: skip
    """Everything a gateway would object to in a text; the serious findings first.

    text: with `${name}` places. signature: the one it goes out under, without brackets; signatures: those that the
    gateway has approved. link_hosts: host names that are approved inside a text.
    """
    if not text.strip():
        return (Finding("empty"),)
    if len(text) > READ:
        return (Finding("too_long", detail=str(len(text))),)
    meant = PURPOSES[purpose]
    plain = unicodedata.normalize("NFKC", text)
    found = [
        *_signature(signature, signatures), *_form(text), *_variables(text, meant, driver), *_links(plain, link_hosts),
        *_persons(plain), *_words(plain), *_length(text, meant, signature),
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda finding: not finding.serious))


def length(text: str, signature: str, values: Mapping[str, str]) -> int:
    """Characters of the whole message: 【signature】 and the text with its values; each counts one."""
    return len(signature) + 2 * bool(signature) + len(filled(text, values))


def parts(characters: int) -> int:
    """Billed parts: one up to 70 characters, beyond that one for each 67 begun."""
    return 1 if characters <= ONE_PART else -(-characters // PER_PART)


def value_faults(purpose: str, values: Mapping[str, str]) -> tuple[Finding, ...]:
    """What makes a gateway refuse the values of one message, or must not leave the house in one."""
    longest = {variable.name: variable.longest for variable in PURPOSES[purpose].variables}
    found: list[Finding] = []
    for name, value in values.items():
        plain = unicodedata.normalize("NFKC", value)
        checks = {
            "empty_value": not value.strip(), "long_value": len(value) > longest.get(name, 0),
            "brackets": bool(re.search(r"[【】\[\]]", value)), "link": bool(_LINK.search(plain)),
            "mobile_number": bool(_MOBILE.search(plain)), "control_character": not value.isprintable(),
        }  # fmt: skip
        found += [Finding(code, detail=name) for code, bad in checks.items() if bad]
    return tuple(found)


def _signature(signature: str, signatures: tuple[str, ...]) -> Iterator[Finding]:
    if not signature:
        yield Finding("no_signature")
    elif not _SIGNATURE.fullmatch(signature):
        yield Finding("bad_signature", detail=signature)
    elif signature not in signatures:
        yield Finding("unregistered_signature", detail=signature)


def _form(text: str) -> Iterator[Finding]:
    if re.search(r"[【】\[\]]", text):
        yield Finding("brackets")
    if odd := _ODD.search(text):
        yield Finding("odd_character", detail=odd[0])
    if not all(char.isprintable() for char in text):
        yield Finding("control_character")
    if _BRACES.search(PLACEHOLDER.sub("", text)):
        yield Finding("bad_placeholder")


def _variables(text: str, purpose: Purpose, driver: str) -> Iterator[Finding]:
    names = placeholders(text)
    known = {variable.name: variable for variable in purpose.variables}
    for name in sorted(set(names)):
        if name not in known:
            yield Finding("unknown_variable", detail=name)
        elif known[name].longest > VARIABLE_LIMIT.get(driver, 35):
            yield Finding("long_variable", serious=False, detail=name)
        if names.count(name) > 1:
            yield Finding("repeated_variable", detail=name)
    if driver == "tencent" and re.search(r"\}\s*\$\{", text):
        yield Finding("touching_variables")
    if len(re.sub(r"\W", "", PLACEHOLDER.sub("", text))) < LEAST_FIXED:
        yield Finding("only_variables")


def _links(text: str, hosts: tuple[str, ...]) -> Iterator[Finding]:
    for match in _LINK.finditer(text):
        host = (match["host"] or match["other"]).lower()
        if "${" in host:
            yield Finding("variable_link", detail=host)
        elif host not in hosts:
            yield Finding("link", detail=host)


def _persons(text: str) -> Iterator[Finding]:
    for code, pattern in (("mobile_number", _MOBILE), ("address", _ADDRESS), ("person", _PERSON)):
        if match := pattern.search(text):
            yield Finding(code, detail="" if code == "mobile_number" else match[0])


def _words(text: str) -> Iterator[Finding]:
    squeezed = re.sub(r"[\s·.\-_*]", "", text)
    for word in BANNED:
        if word in squeezed:
            yield Finding("banned_word", detail=word)


def _length(text: str, purpose: Purpose, signature: str) -> Iterator[Finding]:
    """Judged with the longest values, so that no message of this text ever costs more."""
    longest = {variable.name: "口" * variable.longest for variable in purpose.variables}
    characters = length(text, signature, longest)
    if characters > LONGEST:
        yield Finding("too_long", detail=str(characters))
    elif characters > ONE_PART:
        yield Finding("parts", serious=False, detail=str(parts(characters)))
