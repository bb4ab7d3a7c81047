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
from app.web import attachments, draft_forms, sheets, verbs, words
from app.web.access import route_access
from app.web.auth import current_actor, rail, requires

bp = Blueprint("drafts", __name__)
LIMIT = "120 per minute"


@bp.post("/tickets/<number>/draft")
@limiter.limit(LIMIT, key_func=lambda: f"drafts:{current_user.get_id()}")
@route_access("queue")
@requires("queue")
def save(number: str) -> ResponseReturnValue:
    """Keep what stands in a box: 204 with the new version for scripting, 303 without; 409 with the other text."""
    actor, box, now = current_actor(), request.form.get("draft", ""), clock.now()
    draft = DraftIn(box, rule.typed(request.form.items()), known_version())
    try:
        version = drafts.save(actor=actor, post=verbs.post(number), draft=draft, now=now)
    except Stale as stale:
        return _clash(actor, number, box, stale)
    if _by_script():
        return "", 204, {"X-Draft-Version": str(version)}
    if any(file.filename for file in request.files.getlist("file")):
        attachments.keep(actor, number, box)
    return redirect(_back(number, box), 303)


@bp.post("/tickets/<number>/draft/discard")
@route_access("queue")
@requires("queue")
def discard(number: str) -> ResponseReturnValue:
    """Throw it away."""
    actor, box = current_actor(), request.form.get("draft", "")[:24]
    drafts.discard(actor=actor, number=number, box=box)
    if request.htmx:
        sheet = box if box in rule.SHEETS else ""
        return verbs.page(actor, ticket_view.view(db.session(), actor, number), sheet=sheet)
    return redirect(_back(number, box), 303)


def _back(number: str, box: str) -> str:
    return draft_forms.page_of(number, box, request.form.get("from", ""))


def _clash(actor: Actor, number: str, box: str, stale: Stale) -> ResponseReturnValue:
    """With scripting the bar for the form; without it the ticket with both texts, or a page that has them where the
    form stands elsewhere."""
    other: dict[str, Any] = stale.detail
    bar = draft_forms.clash(number, box, other["values"], other["version"], other["saved_at"])
    if _by_script():
        return make_response(render_template("_draft_bar.html", d=bar), 409)
    said: dict[str, Any] = {"clash": {box: bar}, "error": words.refused(stale)}
    view = ticket_view.view(db.session(), actor, number)
    if box in draft_forms.FORMS and not request.form.get("from"):
        return verbs.page(actor, view, forms={box: draft_forms.bound(view, box, request.form)}, **said), 409
    if not request.form.get("from") and (form := sheets.form_of(view, actor, box, request.form)) is not None:
        return verbs.page(actor, view, forms={box: form}, sheet=box, **said), 409
    kept = [(name, value) for name, value in request.form.items() if name not in ("csrf_token", "draft_version")]
    mine = [request.form[name] for name in draft_forms.LINES if request.form.get(name)]
    return render_template(
        "draft_clash.html", d=bar, mine=mine, kept=kept, href=url_for("drafts.save", number=number),
        back_href=_back(number, box), rail=rail(),
    ), 409  # fmt: skip


def known_version() -> int:
    """Which version of the draft the form was filled with."""
    return max(0, min(request.form.get("draft_version", 0, type=int), 2**31 - 1))


def _by_script() -> bool:
    return request.headers.get("X-Draft") == "1"
