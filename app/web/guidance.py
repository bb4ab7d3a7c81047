"""Help in its place: the “?” beside a box, and one page with all of it and the keys for the role."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue

from app import clock
from app.extensions import db
from app.web import queue_page, words_guidance, words_keys
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("guidance", __name__)


def init(app: Flask) -> None:
    """Templates ask by key; a key without a text shows nothing."""
    app.jinja_env.globals.update(guidance=guidance, key_list=words_keys.everywhere, stream_keys=words_keys.stream)


def guidance(key: str) -> dict[str, Any] | None:
    """Title and text of a help, None where none is needed."""
    found = words_guidance.texts().get(key)
    return asdict(found) if found else None


@bp.get("/help")
@route_access("signed_in")
@requires()
def index() -> ResponseReturnValue:
    """All help for the role, and the keys."""
    actor = current_actor()
    texts = [{"key": key, **asdict(one)} for key, one in words_guidance.of(actor.desk).items()]
    keys = [*words_keys.everywhere(), *(words_keys.stream() if actor.can("ruling") else [])]
    return render_template(
        "help.html", texts=texts, keys=keys, rail=queue_page.rail_of(db.session(), actor, clock.now())
    )
