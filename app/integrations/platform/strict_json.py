"""JSON without the liberties that json.loads takes: what two readers could understand differently is refused."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from app.domain import outside_json
from app.integrations.platform.errors import MessageError

_MAX_INTEGER = 2**63
# GB 18030 reads every GBK text and also the rarer characters that senders who say "GBK" really use.
_CODECS = {"utf-8": "utf-8", "gbk": "gb18030"}


def decode_text(raw: bytes, charset: str) -> str:
    """`raw` in the connection's charset ("utf-8" or "gbk"). Raises MessageError("bad_encoding")."""
    try:
        return raw.decode(_CODECS[charset], "strict")
    except UnicodeDecodeError:
        raise MessageError("bad_encoding") from None


def decode_body(body: bytes, charset: str = "utf-8") -> dict[str, Any]:
    """The JSON object in `body`, decoded strictly.

    Raises MessageError: bad_encoding, xml_not_supported, nul, too_deep (over 50 levels, found before parsing),
    bad_json, duplicate_key, bad_number (NaN, Infinity, beyond 64 bits), lone_surrogate, not_an_object.
    """
    text = decode_text(body, charset)
    if text.lstrip().startswith("<"):
        raise MessageError("xml_not_supported")
    if "\x00" in text:
        raise MessageError("nul")
    if outside_json.too_deep(text):
        raise MessageError("too_deep")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )
    except json.JSONDecodeError:
        raise MessageError("bad_json") from None
    if not isinstance(value, dict):
        raise MessageError("not_an_object")
    if "\\u" in text:
        _check_strings(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MessageError("duplicate_key")
    return found


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) >= _MAX_INTEGER:
        raise MessageError("bad_number")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > 64 or not math.isfinite(float(digits)):
        raise MessageError("bad_number")
    return float(digits)


def _constant(_name: str) -> NoReturn:
    raise MessageError("bad_number")


def _check_strings(value: Any) -> None:
    """Escapes can smuggle in what the bytes may not hold: NUL and halves of a surrogate pair."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str):
            _check_string(item)


def _check_string(text: str) -> None:
    if "\x00" in text:
        raise MessageError("nul")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise MessageError("lone_surrogate") from None
