"""Who else has a ticket open now (rulebook 3.17): kept in Redis for a minute, blank while Redis is away."""

from __future__ import annotations

import logging
import time
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.roles import Actor
from app.extensions import db, redis_client
from app.models import Ticket
from app.services import scope
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("presence", __name__)
log = logging.getLogger(__name__)
LOOKED = 60  # seconds after which a look counts no more; a page asks three times in it
SILENCE = 15.0  # seconds without asking after Redis failed

_silent_until: dict[str, float] = {}


@bp.get("/tickets/<number>/presence")
@route_access("queue")
@requires("queue")
def show(number: str) -> ResponseReturnValue:
    """What a ticket's page asks by itself: 204 where the same people are there."""
    actor, now = current_actor(), clock.now()
    found = of(scope.load(db.session(), actor, number), actor, now)
    if request.args.get("shown", "") == found["shown"]:
        return make_response("", 204)
    return render_template("_presence.html", presence=found)


def of(ticket: Ticket, actor: Actor, now: datetime) -> dict[str, Any]:
    """Note that the actor looks at the ticket, and name the others who do."""
    there = sorted(_look(ticket.id, actor, now))
    shown = "-".join(user_id for user_id, _name in there)
    href = url_for("presence.show", number=ticket.number, shown=shown, poll=1)
    return {"names": [name for _user_id, name in there], "shown": shown, "poll_href": href}


def _look(ticket_id: int, actor: Actor, now: datetime) -> list[tuple[str, str]]:
    """Id and name of the others. One round trip; a Redis that fails is left alone for a while."""
    url = current_app.extensions["kuaifu"].redis_url
    client = redis_client(url)
    if client is None or time.monotonic() < _silent_until.get(url, 0.0):
        return []
    key, at = f"presence:{ticket_id}", now.timestamp()
    try:
        with client.pipeline(transaction=False) as line:
            line.zremrangebyscore(key, 0, at - LOOKED)
            line.zadd(key, {f"{actor.user_id}:{actor.name}": at})
            line.expire(key, 2 * LOOKED)
            line.zrange(key, 0, -1)
            members = line.execute()[-1]
    except Exception as error:
        _silent_until[url] = time.monotonic() + SILENCE
        log.warning("presence blank: %s", type(error).__name__)
        return []
    parts = [member.decode("utf-8", "replace").partition(":") for member in members]
    return [(user_id, name) for user_id, _colon, name in parts if user_id != str(actor.user_id)]
