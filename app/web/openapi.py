"""GET /openapi.json: what platforms, SMS gateways and load balancers ask of the portal, for their developers."""

from __future__ import annotations

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from app.web.access import route_access

bp = Blueprint("openapi", __name__)


@bp.get("/openapi.json")
@route_access("public")
def document() -> ResponseReturnValue:
    """The description as it lies beside this file; tests hold the portal to it."""
    with current_app.open_resource("web/openapi.json") as file:
        return current_app.response_class(file.read(), mimetype="application/json")
