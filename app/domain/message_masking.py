"""A platform's message without its people and their words (rulebook 8): hidden by the names of the fields."""

from __future__ import annotations

from typing import Any

from app.domain.masking import mask_address, mask_name, mask_phone, mask_text

HIDDEN = "***"
_WORDS = ("description", "title", "content", "remark", "memo", "note", "text", "reason", "handle_result")
_PHONE = ("phone", "mobile", "tel", "contact", "contract")
_THINGS = ("goods", "file", "field", "category", "type", "scenario", "item", "shop", "product")  # names of no person


def masked(value: Any, key: str = "") -> Any:
    """The same shape with names, telephone numbers and addresses masked and what somebody wrote left out; `key` is the
    field that holds it.

    A field counts as a person's name unless it says that it names a thing: too much is hidden rather than too little.
    """
    if isinstance(value, dict):
        return {name: masked(inner, str(name).lower()) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, key) for inner in value]
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    return _number(value, key) if isinstance(value, int) else _text(str(value), key)


def _number(value: int, key: str) -> Any:
    hidden = _text(str(value), key)
    return value if hidden == str(value) else hidden


def _text(text: str, key: str) -> str:
    if text and key.endswith(_WORDS):
        return HIDDEN
    if any(part in key for part in _PHONE):
        return mask_phone(text)
    if "addr" in key:
        return mask_address(text)
    if key.endswith("name") and not any(thing in key for thing in _THINGS):
        return mask_name(text)
    return mask_text(text)
