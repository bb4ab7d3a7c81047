"""Where channels ask about parcels: the hotline's voice menu, WeChat, the web site and platforms post JSON here.

One address for all. The body is signed like a platform's push (Base64 of the MD5 of body and secret, in the header
`X-Data-Digest`), or the channel's key stands in `Authorization: Bearer`.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import clock
from app.extensions import csrf, db
from app.integrations.platform.errors import MessageError
from app.integrations.platform.link import envelope as link
from app.jobs import channel_messages
from app.services import connections, expedites, intake
from app.services.connections import Door
from app.services.intake import Arrival, Conflict
from app.services.transaction import again
from app.web.access import route_access

bp = Blueprint("channels", __name__)
BODY_LIMIT = 65_536


@bp.post("/intake/expedite/<connection>")
@csrf.exempt
@route_access("platform")
def expedite(connection: str) -> ResponseReturnValue:
    """Take one expedite; the answer, given after the commit, names its number and how often somebody has asked."""
    try:
        return _expedite(connection, clock.now())
    except (DBAPIError, PoolTimeout):
        return _refused("TRY_AGAIN", 503)


def _expedite(connection: str, now: datetime) -> ResponseReturnValue:
    door = connections.door(db.session(), connection)
    if door is None:
        return _refused("UNKNOWN_CONNECTION", 404)
    raw = request.stream.read(BODY_LIMIT + 1)
    if len(raw) > BODY_LIMIT:
        return _counted(connection, "TOO_LARGE", 413, now)
    if not _known(door, raw):
        return _counted(connection, "BAD_SIGNATURE", 401, now)
    arrival = Arrival(door.id, expedites.MESSAGE, raw, now)
    try:
        done = again(lambda: channel_messages.take(door, arrival))
        return jsonify(success=True, number=done.number, times=done.times, error="")
    except MessageError as error:
        intake.quarantine(arrival=arrival, error=error.code)
        return _refused(error.code.upper(), 400, error.field)
    except Conflict:
        return _refused("SAME_ID_OTHER_BODY", 409)


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


def _counted(connection: str, code: str, status: int, now: datetime) -> ResponseReturnValue:
    connections.count_refusal(connection=connection, reason=code, now=now)
    return _refused(code, status)


def _refused(code: str, status: int, field: str = "") -> ResponseReturnValue:
    response = jsonify(success=False, error=code, field=field)
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response, status
