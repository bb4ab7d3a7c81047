"""A template is put into the text of a reply box: with scripting at the caret, without at the end of what was typed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock
from app.domain import placeholders
from app.domain.errors import Invalid, NotFound
from app.domain.reply_templates import BOXES
from app.domain.roles import Actor
from app.extensions import db
from app.services import scope, template_values, templates, ticket_view
from app.web import attachments, batch_page, forms, result_forms, verbs, words
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("template_put", __name__)


@bp.post("/tickets/<number>/template")
@route_access("queue")
@requires("queue")
def ticket(number: str) -> ResponseReturnValue:
    """Put a template, filled for this ticket, into the text of the box that is typed in; everything typed stays."""
    actor, box = current_actor(), request.form.get("draft", "")
    row = scope.load(db.session(), actor, number)
    values = template_values.of(db.session(), [row], clock.now())[row.id]
    text, error = _taken(actor)
    filled = placeholders.fill(text, values)
    if _wants_text():
        return jsonify(text=filled, error=error), 422 if error else 200
    key = box if box in BOXES else "result"
    if any(file.filename for file in request.files.getlist("file")):
        attachments.keep(actor, number, key)
    view = ticket_view.view(db.session(), actor, number)
    bound: Any = forms.follow_up_form(request.form)
    if key == "result":
        bound = result_forms.of(view, request.form)
    _append(bound[0] if isinstance(bound, tuple) else bound, filled)
    return verbs.page(actor, view, forms={key: bound}, error=error or None), 422 if error else 200


@bp.post("/batch/template")
@route_access("batch")
@requires("batch")
def batch() -> ResponseReturnValue:
    """The same for many tickets: the text keeps its placeholders, each ticket fills them for itself."""
    actor, box = current_actor(), request.form.get("draft", "")
    text, error = _taken(actor)
    if _wants_text():
        return jsonify(text=text, error=error), 422 if error else 200
    numbers, verb = request.form.getlist("ticket"), box if box in BOXES else "result"
    try:
        form = batch_page.bound(actor, verb, numbers, request.form)
        _append(form, text)
        return batch_page.page(actor, verb, numbers, form=form, error=error), 422 if error else 200
    except Invalid as wrong:
        return batch_page.refused(actor, verb, None, wrong), 422


def _taken(actor: Actor) -> tuple[str, str]:
    """The chosen text, or why there is none."""
    asked = request.form.get("template", "")
    if not asked.isdecimal() or len(asked) > 19 or int(asked) >= 2**63:
        return "", words.errors()["choose"]
    try:
        return templates.take(actor=actor, template_id=int(asked), now=clock.now()), ""
    except NotFound:
        return "", words.errors()["template_gone"]


def _append(form: Any, text: str) -> None:
    typed = (form.text.data or "").rstrip()
    form.text.data = f"{typed}\n{text}" if typed and text else typed or text


def _wants_text() -> bool:
    return bool(request.accept_mimetypes.best == "application/json")
