"""Where channels ask about parcels: the hotline's voice menu, WeChat, the web site and platforms post JSON here.

One address for all. The body is signed like a platform's push (Base64 of the MD5 of body and secret, in the header
`X-Data-Digest`), or the channel's key stands in `Authorization: Bearer`.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import clock
from app.domain.kinds import EXPEDITE
from app.domain.policies import CHANNELS
from app.extensions import csrf, db
from app.integrations.platform import messages
from app.integrations.platform.errors import MessageError
from app.integrations.platform.link import envelope as link
from app.integrations.platform.strict_json import decode_body
from app.services import connections, expedites, intake
from app.services.connections import Door
from app.services.intake import Arrival, ComplaintIn, Conflict
from app.web.access import route_access

bp = Blueprint("channels", __name__)
BODY_LIMIT = 65_536
TYPES = {"parcel_query": "PARCEL_QUERY", "order": intake.COLLECTION}
LENGTHS = {"id": 60, "waybill": 60, "order_code": 40, "site_code": 32, "name": 80, "phone": 40, "address": 300}


@bp.post("/intake/expedite/<connection>")
@csrf.exempt
@route_access("platform")
def expedite(connection: str) -> ResponseReturnValue:
    """Take one expedite; the answer, given after the commit, names its number and how often somebody has asked."""
    now, door = clock.now(), connections.door(db.session(), connection)
    if door is None:
        return _refused("UNKNOWN_CONNECTION", 404)
    raw = request.stream.read(BODY_LIMIT + 1)
    if len(raw) > BODY_LIMIT:
        return _counted(connection, "TOO_LARGE", 413, now)
    if not _known(door, raw):
        return _counted(connection, "BAD_SIGNATURE", 401, now)
    arrival = Arrival(door.id, expedites.MESSAGE, raw, now)
    try:
        return _take(arrival, decode_body(raw, door.charset))
    except MessageError as error:
        intake.quarantine(arrival=arrival, error=error.code)
        return _refused(error.code.upper(), 400, error.field)
    except Conflict:
        return _refused("SAME_ID_OTHER_BODY", 409)
    except (DBAPIError, PoolTimeout):
        return _refused("TRY_AGAIN", 503)


def _known(door: Door, raw: bytes) -> bool:
    """Whether body or key prove the sender; a wrong digest is not mended by a right key."""
    digest = request.headers.get("X-Data-Digest", "")
    if digest:
        return link.verify(raw, digest, door.secrets)
    kind, _space, key = request.headers.get("Authorization", "").partition(" ")
    given, found = key.strip().encode(), False
    for secret in door.secrets:
        found |= bool(secret) and hmac.compare_digest(secret.encode(), given)
    return found and kind.lower() == "bearer"


def _take(arrival: Arrival, body: dict[str, Any]) -> ResponseReturnValue:
    done = expedites.ask(arrival=arrival, message_id=_text(body, "id", required=True), asked=_asked(body))
    return jsonify(success=True, number=done.number, times=done.times, error="")


def _asked(body: dict[str, Any]) -> ComplaintIn:
    category = TYPES.get(str(body.get("type", "")))
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


def _counted(connection: str, code: str, status: int, now: datetime) -> ResponseReturnValue:
    connections.count_refusal(connection=connection, reason=code, now=now)
    return _refused(code, status)


def _refused(code: str, status: int, field: str = "") -> ResponseReturnValue:
    response = jsonify(success=False, error=code, field=field)
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response, status
