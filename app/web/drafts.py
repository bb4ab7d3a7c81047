"""Drafts over HTTP: saved while somebody types, or by a button; what another browser saved is shown, never lost."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import request

from app import clock
from app.domain import drafts as rule
from app.domain.errors import Stale
from app.domain.roles import Actor
from app.extensions import db, limiter
from app.services import drafts, ticket_view
from app.services.drafts import DraftIn
from app.web import attachments, draft_forms, verbs, words
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("drafts", __name__)
LIMIT = "120 per minute"


@bp.post("/tickets/<number>/draft")
@limiter.limit(LIMIT, key_func=lambda: f"drafts:{current_user.get_id()}")
@route_access("queue")
@requires("queue")
def save(number: str) -> ResponseReturnValue:
    """Keep what stands in a box: 204 with the new version for scripting, 303 without; 409 with the other text."""
    actor, box, now = current_actor(), request.form.get("draft", ""), clock.now()
    known = request.form.get("draft_version", 0, type=int)
    values = rule.typed((name, value) for name, value in request.form.items())
    draft = DraftIn(box, values, max(0, min(known, 2**31 - 1)))
    try:
        version = drafts.save(actor=actor, post=verbs.post(number), draft=draft, now=now)
    except Stale as stale:
        return _clash(actor, number, box, stale)
    if _by_script():
        return "", 204, {"X-Draft-Version": str(version)}
    if any(file.filename for file in request.files.getlist("file")):
        attachments.keep(actor, number, box)
    return redirect(url_for("tickets.show", number=number), 303)


@bp.post("/tickets/<number>/draft/discard")
@route_access("queue")
@requires("queue")
def discard(number: str) -> ResponseReturnValue:
    """Throw it away."""
    actor = current_actor()
    drafts.discard(actor=actor, number=number, box=request.form.get("draft", "")[:24])
    if request.htmx:
        return verbs.page(actor, ticket_view.view(db.session(), actor, number))
    return redirect(url_for("tickets.show", number=number), 303)


def _clash(actor: Actor, number: str, box: str, stale: Stale) -> ResponseReturnValue:
    other: dict[str, Any] = stale.detail
    bar = draft_forms.clash(number, other["values"], other["version"], other["saved_at"])
    if _by_script():
        return make_response(render_template("_draft_bar.html", d=bar), 409)
    view = ticket_view.view(db.session(), actor, number)
    form = draft_forms.bound(view, box, request.form)
    page = verbs.page(actor, view, forms={box: form}, clash={box: bar}, error=words.refused(stale))
    return page, 409


def _by_script() -> bool:
    return request.headers.get("X-Draft") == "1"
