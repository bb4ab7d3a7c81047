"""GET /healthz: for the launcher, a load balancer, and the operator."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.extensions import db, redis_client
from app.services import health
from app.web.access import route_access

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@route_access("public")
def healthz() -> ResponseReturnValue:
    """`ok` or `degraded`; 503 only when the database is unusable or migrations are pending."""
    said: dict[str, object] = {"database": "ok", "queue": _queue()}
    try:
        session = db.session()
        if _pending():
            said["database"] = "migrations pending"
        else:
            said |= health.report(session, clock.now()).__dict__
    except SQLAlchemyError as error:
        current_app.logger.error("health: database unusable (%s)", type(error).__name__)
        said["database"] = "unusable"
    usable = said["database"] == "ok"
    unknown = {"worker": "unknown", "scheduler": "unknown", "outbox_backlog": None}
    said = unknown | said
    well = usable and all(said[part] == "ok" for part in ("queue", "worker", "scheduler"))
    return jsonify(status="ok" if well else "degraded", **said), 200 if usable else 503


def _pending() -> bool:
    directory = str(current_app.extensions["migrate"].directory)
    return health.migrations_pending(db.session(), directory, made_without=bool(current_app.config["TESTING"]))


def _queue() -> str:
    """ok, down (Redis does not answer) or off (none is configured)."""
    client = redis_client(current_app.extensions["kuaifu"].redis_url)
    if client is None:
        return "off"
    try:
        client.ping()
    except Exception:
        return "down"
    return "ok"
