"""Where platforms push: envelope, signature, strict JSON, then the same services as everybody else."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import clock, failpoints
from app.extensions import csrf, db
from app.integrations.platform.errors import MessageError
from app.integrations.platform.link import envelope as link
from app.jobs import arrivals
from app.services import connections, intake
from app.services.connections import Door
from app.services.intake import Arrival, Conflict
from app.services.transaction import again
from app.web.access import route_access

bp = Blueprint("platform", __name__)
BODY_LIMIT = 1_000_000


@bp.post("/platform/link/<connection>")
@csrf.exempt
@route_access("platform")
def push(connection: str) -> ResponseReturnValue:
    """Take one LINK message. Success is answered only after the commit; everything else names its reason."""
    try:
        return _push(connection, clock.now())
    except (DBAPIError, PoolTimeout):
        return try_again()


def _push(connection: str, now: datetime) -> ResponseReturnValue:
    door = connections.door(db.session(), connection)
    if door is None or door.driver != "link":
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
    failpoints.reach("push.believed")
    try:
        again(lambda: arrivals.take(door, arrival))
    except MessageError as error:
        intake.quarantine(arrival=arrival, error=str(error))
        return refuse(error.code.upper(), 400)
    except Conflict:
        return refuse("SAME_KEY_OTHER_BODY", 409)
    failpoints.reach("push.taken")
    return jsonify(success=True, errorCode="", errorMsg="")


def _counted(connection: str, code: str, status: int, now: datetime) -> ResponseReturnValue:
    connections.count_refusal(connection=connection, reason=code, now=now)
    return refuse(code, status)


def try_again() -> ResponseReturnValue:
    """Nothing is stored: the database is locked, full, away, or has no connection left."""
    response = jsonify(success=False, errorCode="TRY_AGAIN", errorMsg="TRY_AGAIN")
    response.headers["Retry-After"] = "5"
    return response, 503


def refuse(code: str, status: int) -> ResponseReturnValue:
    """The LINK answer that says no."""
    return jsonify(success=False, errorCode=code, errorMsg=code.replace("_", " ").lower()), status
