"""The platform's tickets: pages of those that changed, and what the present state of one says in our words.

A row is a state, not a message. The messages that it stands for have keys of their own (`retreat-2`, `done-1`), so
that the same row read again, in the next window or after a crash, says nothing new.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.integrations.platform import mapping, messages
from app.integrations.platform.driver import Page, Reading, Wire
from app.integrations.platform.errors import MessageError, PlatformError
from app.integrations.platform.messages import FollowUpMessage
from app.integrations.platform.pdd import gateway
from app.integrations.platform.pdd.answers import ALLOWED
from app.integrations.platform.strict_json import decode_body

GET = "pdd.logistics.ticket.get"
DONE, URGENT, SELLER = "3", "1", "1"  # status, urgent_type, source
MOST_ROWS = 1_000_000  # of one window of half an hour: more is no count
TASK_HOURS, RETREAT_HOURS = 48, 24  # the platform names no deadline: options task_hours and retreat_hours


def page(wire: Wire, start: datetime, end: datetime, number: int, size: int) -> Page:
    """The tickets changed in [start, end], which lie at most 30 minutes apart; pages from 1, at most 100 rows each.

    Raises PlatformError: those of `gateway.call`, and half_page where there are fewer rows than the platform counts.
    """
    fields = {
        "start_updated_at": int(start.timestamp()), "end_updated_at": int(end.timestamp()), "page": number,
        "page_size": size,
    }  # fmt: skip
    said = gateway.call(wire, GET, fields, limit=gateway.MAX_ANSWER)
    rows, total = said.get("logistics_ticket_list") or [], said.get("total_count", 0)
    if not isinstance(rows, list) or not isinstance(total, int) or isinstance(total, bool):
        raise PlatformError("bad_answer")
    if not 0 <= total <= MOST_ROWS or len(rows) > size:
        raise PlatformError("bad_answer")
    if len(rows) < min(size, total - size * (number - 1)):
        raise PlatformError("half_page")
    return Page(tuple(_bytes(row) for row in rows), total)


def _bytes(row: Any) -> bytes:
    """The row as a message of its own; what UTF-8 cannot write goes as escapes, for the strict reader to refuse."""
    try:
        return json.dumps(row, ensure_ascii=False, sort_keys=True).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(row, sort_keys=True).encode("ascii")


def read(_msg_type: str, body: bytes, wire: Wire) -> list[Reading]:
    """What a ticket's present state says: that it exists, and what was done to it since. Raises MessageError."""
    row = mapping.apply(decode_body(body), wire.field_map)
    found = [Reading("WORK_ORDER_ISSUE", issue=messages.issue(_order(row, wire)))]
    for kind, later in _later(row, wire):
        found.append(Reading(f"WORK_ORDER_{kind}", later=later))
    return found


def _order(row: Mapping[str, Any], wire: Wire) -> dict[str, Any]:
    """The row in the words of the canonical message."""
    seller = _code(row, "source") == SELLER
    said = dict.fromkeys(str(row[name]).strip() for name in ("title", "description") if row.get(name))
    return {
        "work_order_code": row.get("ticket_id"), "category_code": row.get("type_id"), "work_order_type": 2,
        "category": row.get("type_name"), "priority": 3 if _code(row, "urgent_type") == URGENT else 1,
        "description": "\n".join(said), "biz_order_code": row.get("mail_order_sn"), "start_time": row.get("created_at"),
        "customer_type": "seller" if seller else "consignee", "customer_name": "商家" if seller else "",
        "attachments": row.get("attach_url"),
        "extension": {
            "mail_no": row.get("waybill_no"), "site_code": row.get("site_code"),
            "receiver_name": row.get("receive_name"), "receiver_phone": row.get("receive_contact"),
            "receiver_address": row.get("receive_address"), "sender_address": row.get("send_address"),
        },
        "work_order_task": {
            "task_id": row.get("ticket_id"), "task_start_time": row.get("created_at"),
            "task_expire_time": _until(row, wire).isoformat(timespec="seconds"),
            "structural_replys": ALLOWED,
        },
    }  # fmt: skip


def _later(row: Mapping[str, Any], wire: Wire) -> list[tuple[str, FollowUpMessage]]:
    """Urged after its opening, sent back so many times, ended; in this order."""
    changed, retreats = _instant(row, "updated_at"), _count(row, "retreat_count")
    found = []
    if _code(row, "urgent_type") == URGENT and changed > _instant(row, "created_at"):
        found.append(("URGE", _message(row, "urgent")))
    if retreats:
        back = _message(row, f"retreat-{retreats}")
        back = replace(back, round=retreats + 1, task_expire_time=_until(row, wire))
        found.append(("RETREAT", back))
    if _code(row, "status") == DONE:
        answered = bool(str(row.get("handle_result") or "").strip())
        found.append(("SATISFIED" if answered else "CANCEL", _message(row, f"done-{retreats}")))
    return found


def _message(row: Mapping[str, Any], key: str) -> FollowUpMessage:
    return messages.follow_up({
        "work_order_code": row.get("ticket_id"), "task_id": row.get("ticket_id"), "event_id": key,
        "event_time": row.get("updated_at"), "description": row.get("description"),
    })  # fmt: skip


def _instant(row: Mapping[str, Any], name: str) -> datetime:
    found = messages.instant(row, name)
    if found is None:
        raise MessageError("missing_field", name)
    return found


def _code(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name, "")).strip()


def _count(row: Mapping[str, Any], name: str) -> int:
    text = _code(row, name)
    if text in ("", "None"):
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise MessageError("bad_field", name)
    return int(text)


def _hours(wire: Wire, name: str, default: int) -> timedelta:
    return timedelta(hours=float(wire.options.get(name) or default))


def _until(row: Mapping[str, Any], wire: Wire) -> datetime:
    """When the platform wants its answer: counted from the opening, of one sent back from then."""
    if _count(row, "retreat_count"):
        return _instant(row, "updated_at") + _hours(wire, "retreat_hours", RETREAT_HOURS)
    return _instant(row, "created_at") + _hours(wire, "task_hours", TASK_HOURS)
