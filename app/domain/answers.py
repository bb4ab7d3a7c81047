"""The answers that a platform's task allows and the fields each one demands (rulebook 3.5; interfaces, section 1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

ANSWER_FIELD = "reply_value"  # the key under which check() reports an error of the choice itself
MAX_ANSWERS, MAX_FIELDS, MAX_LENGTH = 100, 50, 2000
_TRUE = frozenset({"true", "1", "y", "yes"})


@dataclass(frozen=True)
class AnswerField:
    """One extra field of an answer. `value` is what the platform filled in; `options` is empty for free input."""

    name: str
    label: str
    type: str
    required: bool
    value: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One allowed answer. `operate_type` goes back to the platform exactly as it came."""

    value: str
    label: str
    operate_type: str
    fields: tuple[AnswerField, ...] = ()


def parse_answers(structural_replys: object) -> tuple[Answer, ...]:
    """The allowed answers of a task from its decoded `structural_replys`, in the platform's order.

    Tolerant: an item that cannot be read, or repeats a value, is skipped; anything but a list gives none. A mapping
    with one list inside (the platform's XML-born spelling) is read as that list.
    """
    answers: dict[str, Answer] = {}
    for item in _items(structural_replys)[:MAX_ANSWERS]:
        value = _text(item.get("reply_value"))
        if value and value not in answers:
            label = _text(item.get("reply_label")) or value
            fields = _fields(item.get("reply_supplement"))
            answers[value] = Answer(value, label, _text(item.get("operate_type")), fields)
    return tuple(answers.values())


def find(answers: Sequence[Answer], value: str) -> Answer | None:
    """The answer with that value, or None."""
    return next((answer for answer in answers if answer.value == value), None)


def check(answers: Sequence[Answer], chosen_value: str, values: Mapping[str, str]) -> dict[str, str]:
    """Errors of a filled-in answer as {field name: code}; empty when all is fine or the task allows anything.

    Codes: required, unknown_answer, not_a_number, not_a_date, not_an_option, too_long. An error of the choice itself
    stands under ANSWER_FIELD. Values of fields that the answer does not have are ignored.
    """
    if not answers:
        return {}
    answer = find(answers, chosen_value)
    if answer is None:
        return {ANSWER_FIELD: "unknown_answer" if chosen_value else "required"}
    found = {field.name: _error(field, (values.get(field.name) or "").strip()) for field in answer.fields}
    return {name: code for name, code in found.items() if code}


def _error(field: AnswerField, value: str) -> str:
    if not value:
        return "required" if field.required else ""
    if len(value) > MAX_LENGTH:
        return "too_long"
    if field.options and value not in field.options:
        return "not_an_option"
    test, code = _TYPES.get(field.type.lower(), (None, ""))
    return code if test and not test(value) else ""


def _is_whole(value: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,15}", value) is not None


def _is_number(value: str) -> bool:
    """Plain decimal notation only: float() would also take nan, inf and 1_000."""
    return re.fullmatch(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?", value) is not None


def _is_yuan(value: str) -> bool:
    """An amount down to the fen, none below nothing."""
    return re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,2})?", value) is not None


def _is_date(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_WHOLE = (_is_whole, "not_a_number")
_DECIMAL = (_is_number, "not_a_number")
_DAY = (_is_date, "not_a_date")
_TYPES: dict[str, tuple[Callable[[str], bool], str]] = {
    **dict.fromkeys(("int", "integer", "long"), _WHOLE),
    **dict.fromkeys(("number", "numeric", "decimal", "float", "double", "money", "amount"), _DECIMAL),
    "yuan": (_is_yuan, "not_a_number"),
    **dict.fromkeys(("date", "datetime", "time"), _DAY),
}


def _items(raw: object) -> list[Mapping[str, object]]:
    """The mappings in `raw`, which is a list or a mapping around one."""
    if isinstance(raw, Mapping) and len(raw) == 1:
        raw = next(iter(raw.values()))
    return [item for item in raw if isinstance(item, Mapping)] if isinstance(raw, list) else []


def _fields(raw: object) -> tuple[AnswerField, ...]:
    fields: dict[str, AnswerField] = {}
    for item in _items(raw)[:MAX_FIELDS]:
        name = _text(item.get("field_name"))
        if name and name not in fields:
            fields[name] = _field(name, item)
    return tuple(fields.values())


def _field(name: str, item: Mapping[str, object]) -> AnswerField:
    value = item.get("field_value")
    return AnswerField(
        name=name,
        label=_text(item.get("field_label")) or name,
        type=_text(item.get("field_type")) or "text",
        required=_text(item.get("require")).lower() in _TRUE,
        value=_text(value),
        options=tuple(filter(None, map(_text, value))) if isinstance(value, list) else (),
    )


def _text(raw: object) -> str:
    """Strings and numbers as text; a boolean as true/false; anything else is no text."""
    if isinstance(raw, bool):
        return str(raw).lower()
    return str(raw).strip()[:MAX_LENGTH] if isinstance(raw, str | int | float) else ""
