"""The connection that pushes: Cainiao's LINK envelope around a work order (interfaces, section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.integrations.platform import mapping, messages, parcel_scans
from app.integrations.platform.driver import Driver, Reading, Wire
from app.integrations.platform.errors import CallbackResult, MessageError
from app.integrations.platform.link.callback import send_callback
from app.integrations.platform.link.envelope import signature
from app.integrations.platform.strict_json import decode_body

ISSUE, SCANS = "WORK_ORDER_ISSUE", "PARCEL_SCANS"


def read(msg_type: str, body: bytes, wire: Wire) -> list[Reading]:
    """What one pushed message says. Raises MessageError."""
    message = mapping.apply(decode_body(body, wire.charset), wire.field_map)
    kind = wire.message_map.get(msg_type, msg_type)
    if kind == ISSUE:
        return [Reading(kind, issue=messages.issue(message))]
    if kind in messages.MSG_TYPES:
        return [Reading(kind, later=messages.follow_up(message))]
    if kind == SCANS:
        return [Reading(kind, scans=parcel_scans.read(message))]
    raise MessageError("unknown_msg_type")


def answer(payload: Mapping[str, Any], wire: Wire) -> CallbackResult:
    """One answer as a signed callback. Raises PlatformError."""
    return send_callback(wire.address, payload, wire.secrets[0] if wire.secrets else "", wire.charset)


DRIVER = Driver(read=read, answer=answer, signature=signature)
