"""Calling the customer, waiting for the customer, and the right category of the complaint."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock
from app.domain.errors import NotAllowed
from app.extensions import db
from app.services import categories, contacts, ticket_view, waiting
from app.web import calls_forms, shown_in_full, verbs, words
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.numbers import number as number_of

bp = Blueprint("calls", __name__)
ANSWER = "answer-"


@bp.post("/tickets/<number>/call")
@shown_in_full.limit
@route_access("queue")
@requires("queue")
def start(number: str) -> ResponseReturnValue:
    """Show the number on record, start the timer and open the script."""
    actor, now = current_actor(), clock.now()
    try:
        called = contacts.start(actor=actor, post=verbs.post(number), now=now)
    except NotAllowed as error:
        return verbs.failed(actor, number, "contact", None, error)
    return verbs.page(actor, ticket_view.view(db.session(), actor, number), shown=called.shown)


@bp.post("/tickets/<number>/contact")
@route_access("queue")
@requires("queue")
def end(number: str) -> ResponseReturnValue:
    """How the call ended, with the answers to the script."""
    actor, now = current_actor(), clock.now()
    typed = {name.removeprefix(ANSWER): value for name, value in request.form.items() if name.startswith(ANSWER)}
    contact_id, outcome = number_of(request.form, "contact") or 0, request.form.get("outcome", "")
    if not outcome:
        view = ticket_view.view(db.session(), actor, number)
        said = words.word(words.errors(), "required")
        return verbs.page(actor, view, error=words.errors()["invalid"], call_error=said, typed=typed), 422
    return verbs.act(actor, number, "contact", None, lambda: contacts.end(
        actor=actor, post=verbs.post(number), contact_id=contact_id, outcome=outcome, answers=typed, now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/wait")
@route_access("queue")
@requires("queue")
def wait(number: str) -> ResponseReturnValue:
    """Let the site's clocks stand still until the customer is heard of."""
    actor, now = current_actor(), clock.now()
    return verbs.act(actor, number, "wait", None, lambda: waiting.wait(actor=actor, post=verbs.post(number), now=now))


@bp.post("/tickets/<number>/resume")
@route_access("queue")
@requires("queue")
def resume(number: str) -> ResponseReturnValue:
    """Go on before the customer is heard of."""
    actor, now = current_actor(), clock.now()
    return verbs.act(actor, number, "resume", None, lambda: waiting.resume(
        actor=actor, post=verbs.post(number), now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/category")
@route_access("queue")
@requires("queue")
def correct_category(number: str) -> ResponseReturnValue:
    """Give the complaint its right category."""
    actor, now = current_actor(), clock.now()
    form = calls_forms.category_form(db.session(), request.form)
    return verbs.act(actor, number, "correct_category", form, lambda: categories.correct(
        actor=actor, post=verbs.post(number), category=form.category.data or "", reason=form.text.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/category/consent")
@route_access("tray")
@requires("tray")
def consent_category(number: str) -> ResponseReturnValue:
    """Agree to a correction that eases a limit, or refuse it."""
    actor, now = current_actor(), clock.now()
    form = calls_forms.consent_form(request.form)
    agreed = {"yes": True, "no": False}.get(form.agreed.data or "")
    return verbs.act(actor, number, "consent_category", form, lambda: categories.consent(
        actor=actor, post=verbs.post(number), agreed=agreed, reason=form.text.data or "", now=now,
    ))  # fmt: skip
