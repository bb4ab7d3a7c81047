"""A platform's message without its people and their words (rulebook 8): what is no person is known by its field."""

from __future__ import annotations

import re
from typing import Any

from app.domain.masking import mask_address, mask_name, mask_phone, mask_text

HIDDEN = "***"
LONGEST = 1_000  # characters of a code, a kind or an address; to look through more costs time, and it is none
SHORT = 1_000_000  # a smaller number is a count, a kind or a price, and nobody's telephone or card
_WORDS = ("description", "title", "content", "remark", "memo", "note", "text", "reason", "handle_result")
_PHONE = ("phone", "mobile", "tel", "contact", "contract")
_THINGS = ("goods", "file", "field", "category", "type", "scenario", "item", "shop", "product")  # names of no person
# how the name of a field ends that holds a code, a kind or a time; what it is called otherwise may be anybody
_PLAIN = frozenset({
    "amount", "at", "category", "code", "count", "date", "due", "duty", "flag", "id", "key", "kind", "label", "no",
    "number", "page", "price", "priority", "quantity", "require", "scenario", "size", "sn", "source", "state", "status",
    "time", "type", "value", "version", "waybill",
})  # fmt: skip
_PERSONS = ("buyer", "card", "identity", "member", "open", "passport", "qq", "user", "wechat", "weixin", "wx")
_ADDRESSES = ("attach", "url", "link", "picture", "image")
_HOST = re.compile(r"https?://[^/?#\s@]+", re.IGNORECASE)
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")


def masked(value: Any, key: str = "") -> Any:
    """The same shape with names, telephone numbers and addresses masked and what somebody wrote left out; `key` is the
    field that holds it.

    A text is hidden unless its field says that it is a code, a kind or a time: a platform calls its people as it likes,
    and too much is hidden rather than too little.
    """
    if isinstance(value, dict):
        return {name: masked(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, key) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    return _number(value, key) if isinstance(value, int | float) else _text(str(value), key)


def _number(value: float, key: str) -> Any:
    if abs(value) < SHORT:
        return value
    hidden = _text(str(int(value)), key)
    return value if hidden == str(value) else hidden


def _text(text: str, key: str) -> str:
    field = key.lower()
    if not text or len(text) > LONGEST or field.endswith(_WORDS):
        return HIDDEN if text else ""
    if any(part in field for part in _PHONE):
        return mask_phone(text)
    if "addr" in field:
        return mask_address(text)
    thing = any(one in field for one in _THINGS)
    if field.endswith("name") and not thing:
        return mask_name(text)
    if any(part in field for part in _ADDRESSES):
        host = _HOST.match(text)
        return f"{host.group()}/{HIDDEN}" if host else HIDDEN
    last = (_PART.findall(key) or [""])[-1].lower()
    code = last in _PLAIN and field not in ("id", "id_no", "idno") and not any(part in field for part in _PERSONS)
    return mask_text(text) if thing or code else HIDDEN
