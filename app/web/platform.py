"""Where platforms push: envelope, signature, strict JSON, then the same services as everybody else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import clock
from app.extensions import csrf, db
from app.integrations.platform import link, messages, parcel_scans
from app.integrations.platform.errors import MessageError
from app.integrations.platform.pictures import sent_pictures
from app.integrations.platform.strict_json import decode_body
from app.services import connections, intake, scans
from app.services.connections import Door
from app.services.intake import Arrival, ComplaintIn, Conflict, OrderIn
from app.services.platform_pictures import Address
from app.services.ticket_contacts import ContactIn
from app.web.access import route_access

# whom the message calls the customer, where it is not the receiver
COMPLAINS = {"sender": "sender", "merchant": "merchant", "seller": "merchant", "platform": "platform",
             "regulator": "regulator"}  # fmt: skip
bp = Blueprint("platform", __name__)
BODY_LIMIT = 1_000_000
FOLLOW_UPS = frozenset({"URGE", "REPEAT", "REJECT", "SATISFIED", "CANCEL"})


@bp.post("/platform/link/<connection>")
@csrf.exempt
@route_access("platform")
def push(connection: str) -> ResponseReturnValue:
    """Take one LINK message. Success is answered only after the commit; everything else names its reason."""
    now = clock.now()
    door = connections.door(db.session(), connection)
    if door is None:
        return refuse("UNKNOWN_CONNECTION", 404)
    if (request.content_length or 0) > BODY_LIMIT:
        return _counted(connection, "TOO_LARGE", 413, now)
    if request.headers.get("Content-Encoding", "identity") not in ("identity", ""):
        return _counted(connection, "ENCODED_BODY", 400, now)
    raw = request.stream.read(BODY_LIMIT + 1)
    if len(raw) > BODY_LIMIT:
        return _counted(connection, "TOO_LARGE", 413, now)
    return _signed(door, raw, now)


def _signed(door: Door, raw: bytes, now: datetime) -> ResponseReturnValue:
    try:
        envelope = link.read_envelope(raw, door.charset)
    except MessageError as error:
        return _counted(door.code, error.code.upper(), 400, now)
    if not link.verify(envelope.logistics_interface, envelope.data_digest, door.secrets):
        return _counted(door.code, "BAD_SIGNATURE", 401, now)
    arrival = Arrival(door.id, envelope.msg_type, envelope.logistics_interface, now)
    try:
        body = decode_body(envelope.logistics_interface, door.charset)
        _take(door, arrival, body)
    except MessageError as error:
        intake.quarantine(arrival=arrival, error=error.code)
        return refuse(error.code.upper(), 400)
    except Conflict:
        return refuse("SAME_KEY_OTHER_BODY", 409)
    except (DBAPIError, PoolTimeout):
        response = jsonify(success=False, errorCode="TRY_AGAIN", errorMsg="TRY_AGAIN")
        response.headers["Retry-After"] = "5"
        return response, 503
    return jsonify(success=True, errorCode="", errorMsg="")


def _take(door: Door, arrival: Arrival, body: dict[str, Any]) -> None:
    kind = arrival.msg_type.removeprefix("WORK_ORDER_")
    if arrival.msg_type == intake.ISSUE:
        message = messages.issue(body)
        intake.issue(arrival=arrival, order=_order(message), complaint=_complaint(door, message))
    elif arrival.msg_type.startswith("WORK_ORDER_") and kind in FOLLOW_UPS:
        later = messages.follow_up(body)
        intake.follow_up(
            arrival=arrival, order_code=later.work_order_code, event_id=later.event_id, event_at=later.event_time,
            text=later.description,
        )  # fmt: skip
    elif arrival.msg_type == "PARCEL_SCANS":
        scans.store_scans(scans=parcel_scans.read(body), now=arrival.at)
    else:
        raise MessageError("unknown_msg_type")


def _order(message: messages.IssueMessage) -> OrderIn:
    return OrderIn(
        code=message.work_order_code, task_id=message.task_id, order_type=message.work_order_type,
        answers=message.structural_replys, expires_at=message.task_expire_time or message.expire_time,
    )  # fmt: skip


def _complaint(door: Door, message: messages.IssueMessage) -> ComplaintIn:
    return ComplaintIn(
        text=message.description or message.category or message.task_description or "—",
        category=door.category_map.get(message.category_code, message.category_code),
        waybill=message.mail_no, site_code=message.site_code, platform_priority=message.priority, **_people(message),
        pictures=[Address(p.url, p.name, p.expires_at) for p in sent_pictures(message.attachments)],
    )  # fmt: skip


def _people(message: messages.IssueMessage) -> dict[str, Any]:
    """The complainant and the others: the receiver, unless the message says that somebody else complains."""
    receiver = ContactIn("consignee", message.receiver_name, message.receiver_phone, message.receiver_address)
    sender = ContactIn("sender", message.sender_name, message.sender_phone, message.sender_address)
    kind = COMPLAINS.get(message.customer_type.strip().lower(), "consignee")
    if kind == "consignee" or message.customer_name in ("", message.receiver_name):
        name = message.receiver_name or message.customer_name
        return {"name": name, "phone": receiver.phone, "address": receiver.address, "contacts": [sender]}
    same = sender if kind == "sender" and sender.name in ("", message.customer_name) else ContactIn(kind)
    return {
        "complainant_kind": kind, "name": message.customer_name, "phone": message.customer_phone or same.phone,
        "address": same.address, "contacts": [receiver, sender],
    }  # fmt: skip


def _counted(connection: str, code: str, status: int, now: datetime) -> ResponseReturnValue:
    connections.count_refusal(connection=connection, reason=code, now=now)
    return refuse(code, status)


def refuse(code: str, status: int) -> ResponseReturnValue:
    """The LINK answer that says no."""
    return jsonify(success=False, errorCode=code, errorMsg=code.replace("_", " ").lower()), status
