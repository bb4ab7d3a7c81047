"""Take a result back before it leaves: on the ticket itself, or from the bar above the next one."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock
from app.domain.errors import NotAllowed
from app.extensions import db
from app.services import ticket_view, undo
from app.web import undo_bar, verbs
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("undo", __name__)


@bp.post("/tickets/<number>/undo")
@route_access("queue")
@requires("queue")
def ticket(number: str) -> ResponseReturnValue:
    """Take one's own last result back; its words stand in the box again."""
    actor, now = current_actor(), clock.now()
    try:
        undo.take_back(actor=actor, number=number, now=now)
    except NotAllowed as error:
        return verbs.failed(actor, number, "undo", None, error)
    if not request.htmx:
        return redirect(url_for("tickets.show", number=number, undone=1), 303)
    page = verbs.page(actor, ticket_view.view(db.session(), actor, number), notice=undo_bar.said())
    return page, 200, {"HX-Trigger": "queue-changed", "HX-Push-Url": url_for("tickets.show", number=number)}
