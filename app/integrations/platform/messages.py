"""The canonical messages out of a decoded body: field by field, each with its type and its limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.integrations.platform.errors import MessageError
from app.integrations.platform.strict_json import decode_body
from app.integrations.platform.times import SHANGHAI as SHANGHAI
from app.integrations.platform.times import read_time

CODE_LENGTH, LABEL_LENGTH, TEXT_LENGTH, MAX_ITEMS = 64, 200, 20_000, 200

# The names of the messages on the wire and in the rules (app.domain.platform_messages).
MSG_TYPES: Mapping[str, str] = {
    f"WORK_ORDER_{name}": name for name in ("ISSUE", "URGE", "REPEAT", "REJECT", "SATISFIED", "CANCEL")
}
# The push counts differently from the callback, so each has its own map.
ORDER_TYPES: Mapping[str, str] = {"1": "consult", "2": "complaint"}


@dataclass(frozen=True)
class IssueMessage:
    """A new work order. Absent texts are empty, absent times None; times are aware UTC."""

    work_order_code: str
    work_order_type: str
    category_code: str
    category: str
    scenario_code: str
    priority: int | None
    description: str
    biz_order_code: str
    customer_type: str
    customer_name: str
    start_time: datetime | None
    expire_time: datetime | None
    status: str
    mail_no: str
    site_code: str
    receiver_name: str
    receiver_phone: str
    receiver_address: str
    sender_name: str
    sender_phone: str
    sender_address: str
    customer_phone: str
    task_id: str
    task_start_time: datetime | None
    task_expire_time: datetime | None
    task_status: str
    task_description: str
    structural_replys: list[Any] = field(default_factory=list)
    attachments: list[Any] = field(default_factory=list)
    goods_infos: list[Any] = field(default_factory=list)
    extension: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FollowUpMessage:
    """A later message on an order: urge, repeat, reject, satisfied or cancel; the type is in the envelope.

    `round` and `task_expire_time` come with an answer that was sent back: the round that begins, and until when.
    """

    work_order_code: str
    task_id: str
    event_id: str
    event_time: datetime
    description: str
    extension: dict[str, Any] = field(default_factory=dict)
    round: int = 0
    task_expire_time: datetime | None = None


def issue(body: Mapping[str, Any]) -> IssueMessage:
    """A WORK_ORDER_ISSUE body. Unknown codes are taken as they are; an unknown or absent order type is a complaint,
    an unknown priority is none. Goods and pictures never stand in a complaint's way: what is no list is left out.

    Raises MessageError: missing_work_order_code, or bad_field with the field's name for a wrong type, an unreadable
    time, or a code of over 64 characters. Descriptions are kept to 20,000 characters, other texts to 200 (300 for the
    address); the raw message keeps the rest.
    """
    extension = _mapping(body, "extension")
    texts: dict[str, Any] = {name: _text(body, name) for name in _LABELS}
    texts |= {name: _text(extension, name, limit) for name, limit in _FROM_EXTENSION.items()}
    return IssueMessage(
        work_order_code=_order_code(body),
        work_order_type=ORDER_TYPES.get(_code(body, "work_order_type"), "complaint"),
        priority=_priority(body),
        description=_text(body, "description", TEXT_LENGTH),
        start_time=_time(body, "start_time"),
        expire_time=_time(body, "expire_time"),
        attachments=_aside(body, "attachments"),
        goods_infos=_aside(body, "goods_infos"),
        extension=extension,
        **texts,
        **_task(_mapping(body, "work_order_task")),
    )


_LABELS = ("category_code", "category", "scenario_code", "biz_order_code", "customer_type", "customer_name", "status")
_FROM_EXTENSION = {
    "mail_no": LABEL_LENGTH, "site_code": CODE_LENGTH,
    "receiver_name": 80, "receiver_phone": 40, "receiver_address": 300, "sender_name": 80, "sender_phone": 40,
    "sender_address": 300, "customer_phone": 40,
}  # fmt: skip


def follow_up(body: Mapping[str, Any]) -> FollowUpMessage:
    """The body of any later message. Raises MessageError as `issue` does, and missing_event_time.

    `event_id` may be empty: the key of the message is then the digest of its body.
    """
    event_time = _time(body, "event_time")
    if event_time is None:
        raise MessageError("missing_event_time", "event_time")
    return FollowUpMessage(
        work_order_code=_order_code(body),
        task_id=_code(body, "task_id"),
        event_id=_code(body, "event_id"),
        event_time=event_time,
        description=_text(body, "description", TEXT_LENGTH),
        extension=_mapping(body, "extension"),
    )


def _task(task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "task_id": _code(task, "task_id"),
        "task_start_time": _time(task, "task_start_time"),
        "task_expire_time": _time(task, "task_expire_time"),
        "task_status": _text(task, "task_status"),
        "task_description": _text(task, "description", TEXT_LENGTH),
        "structural_replys": _list(task, "structural_replys"),
    }


def _order_code(body: Mapping[str, Any]) -> str:
    code = _code(body, "work_order_code")
    if not code:
        raise MessageError("missing_work_order_code", "work_order_code")
    return code


def _text(body: Mapping[str, Any], name: str, limit: int = LABEL_LENGTH) -> str:
    """A text, or a whole number that the sender did not quote; longer ones are cut at `limit` characters."""
    value = body.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise MessageError("bad_field", name)
    return str(value).strip()[:limit]


def _code(body: Mapping[str, Any], name: str) -> str:
    """A text that identifies something and goes back as it came: never cut, refused when over 64 characters."""
    value = _text(body, name, CODE_LENGTH + 1)
    if len(value) > CODE_LENGTH:
        raise MessageError("bad_field", name)
    return value


def instant(body: Mapping[str, Any], name: str) -> datetime | None:
    """A message's instant as aware UTC; None when the field is empty. Raises MessageError ("bad_field")."""
    return _time(body, name)


def _priority(body: Mapping[str, Any]) -> int | None:
    """0 low, 1 middle, 2 high, 3 urgent; anything else is no priority."""
    value = body.get("priority")
    text = str(value).strip().removesuffix(".0") if isinstance(value, str | int | float) else ""
    return int(text) if text in ("0", "1", "2", "3") else None


def _time(body: Mapping[str, Any], name: str) -> datetime | None:
    """A time as aware UTC, None when empty. Raises MessageError ("bad_field") when it cannot be read."""
    try:
        return read_time(_text(body, name))
    except ValueError:
        raise MessageError("bad_field", name) from None


def _mapping(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object, also one that the sender wrapped into a string, or an empty one that a sender wrote as a list."""
    value = body.get(name)
    if isinstance(value, str):
        try:
            value = decode_body(value.encode("utf-8")) if value.strip() else None
        except MessageError:
            raise MessageError("bad_field", name) from None
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise MessageError("bad_field", name)
    return value


def _aside(body: Mapping[str, Any], name: str) -> list[Any]:
    """A list that a complaint can do without."""
    try:
        return _list(body, name)
    except MessageError:
        return []


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    """A list, also in the XML-born spellings {"item": [...]} and "" for none, and one that the sender wrapped into a
    string; at most 200 items are kept."""
    value = body.get(name)
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _mapping({name: f'{{"item": {value}}}'}, name)
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if value is None or value == {} or (isinstance(value, str) and not value.strip()):
        return []
    if not isinstance(value, list):
        raise MessageError("bad_field", name)
    return value[:MAX_ITEMS]
