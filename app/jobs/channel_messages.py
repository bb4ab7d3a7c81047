"""What a channel asks about a parcel, read out of its JSON: the same for what is posted and for what comes out of the
quarantine."""

from __future__ import annotations

from typing import Any

from app.domain.kinds import EXPEDITE
from app.domain.policies import CHANNELS
from app.integrations.platform import mapping, messages
from app.integrations.platform.errors import MessageError
from app.integrations.platform.strict_json import decode_body
from app.services import expedites, intake
from app.services.connections import Door
from app.services.expedites import Asked
from app.services.intake import Arrival, ComplaintIn

TYPES = {"parcel_query": "PARCEL_QUERY", "order": intake.COLLECTION}
LENGTHS = {"id": 60, "waybill": 60, "order_code": 40, "site_code": 32, "name": 80, "phone": 40, "address": 300}


def take(door: Door, arrival: Arrival) -> Asked:
    """Read one message with the connection's maps (charset, fields, types) and pass on what it asks.

    Raises MessageError, Conflict.
    """
    body = mapping.apply(decode_body(arrival.body, door.charset), door.field_map)
    return expedites.ask(arrival=arrival, message_id=_text(body, "id", required=True), asked=_asked(door, body))


def _asked(door: Door, body: dict[str, Any]) -> ComplaintIn:
    category = _category(door, str(body.get("type", "")))
    channel = body.get("channel", "web")
    if category is None:
        raise MessageError("bad_field", "type")
    if channel not in CHANNELS:
        raise MessageError("bad_field", "channel")
    waybill = _text(body, "waybill") or _text(body, "order_code")
    if not waybill:
        raise MessageError("missing_field", "waybill")
    return ComplaintIn(
        kind=EXPEDITE, category=category, waybill=waybill, channel=channel, text=_words(body),
        complainant_kind="sender" if category == intake.COLLECTION else "consignee", name=_text(body, "name"),
        phone=_text(body, "phone"), address=_text(body, "address"), site_code=_text(body, "site_code"),
        promised_by=messages.instant(body, "promised_by"), ordered_at=messages.instant(body, "ordered_at"),
    )  # fmt: skip


def _category(door: Door, said: str) -> str | None:
    """Our type; a word of the channel's own where the connection's map of categories names one of the two."""
    ours = TYPES.get(said) or door.category_map.get(said)
    return ours if ours in TYPES.values() else None


def _words(body: dict[str, Any]) -> str:
    text = body.get("text") or ""
    if not isinstance(text, str):
        raise MessageError("bad_field", "text")
    return text[:2000] or "—"


def _text(body: dict[str, Any], name: str, *, required: bool = False) -> str:
    value = body.get(name)
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if (value not in (None, "") and not text) or len(text) > LENGTHS[name]:
        raise MessageError("bad_field", name)
    if required and not text:
        raise MessageError("missing_field", name)
    return text
