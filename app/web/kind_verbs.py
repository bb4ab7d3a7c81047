"""The verbs of expedites and inquiries: reply and close, make a complaint of it, accept, send back, hand up."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock
from app.domain.errors import Invalid, NotAllowed, Stale
from app.extensions import db
from app.services import expedites, inquiries, scope, ticket_view
from app.web import attachments, kind_forms, verbs
from app.web.access import route_access
from app.web.context import translate as _
from app.web.guard import current_actor, requires

bp = Blueprint("kinds", __name__)


@bp.post("/tickets/<number>/settle")
@route_access("queue")
@requires("queue")
def settle(number: str) -> ResponseReturnValue:
    """Answer an expedite and close it."""
    actor, now = current_actor(), clock.now()
    category = ticket_view.category_of(db.session(), actor, number)
    form = kind_forms.settle_form(category, request.form)
    return verbs.act(actor, number, "settle", form, lambda: expedites.settle(
        actor=actor, post=verbs.post(number), now=now, answer=expedites.Answer(
            form.outcome.data or "", form.text.data or "", form.contact_outcome.data or "",
            attachments.keep(actor, number, "settle").checked(),
        ),
    ))  # fmt: skip


@bp.post("/tickets/<number>/to-complaint")
@route_access("queue")
@requires("queue")
def to_complaint(number: str) -> ResponseReturnValue:
    """Make a complaint of an expedite, and go there; where it went to another desk's complaint, back to the queue."""
    actor, now, form = current_actor(), clock.now(), kind_forms.turn_form(request.form)
    try:
        done = expedites.turn(
            actor=actor, post=verbs.post(number), category=form.category.data or "", text=form.text.data or "", now=now
        )
    except (Invalid, Stale, NotAllowed) as error:
        return verbs.failed(actor, number, "to_complaint", form, error)
    seen = scope.numbers_of(db.session(), actor, [done.number])
    there = url_for("tickets.show", number=done.number) if seen else url_for("tickets.index", opened="1")
    if not request.htmx:
        return redirect(there, 303)
    if not seen:
        return make_response("", 200, {"HX-Redirect": there})
    view = ticket_view.view(db.session(), actor, done.number)
    response = make_response(verbs.page(actor, view, notice=_("Saved")))
    response.headers["HX-Push-Url"], response.headers["HX-Trigger"] = there, "queue-changed"
    return response


@bp.post("/tickets/<number>/accept-answer")
@route_access("queue")
@requires("queue")
def accept(number: str) -> ResponseReturnValue:
    """Whoever asked accepts the answer."""
    actor, now, form = current_actor(), clock.now(), kind_forms.words_form(_("Remark"), request.form)
    return verbs.act(actor, number, "accept_answer", form, lambda: inquiries.accept(
        actor=actor, post=verbs.post(number), text=form.text.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/send-back")
@route_access("queue")
@requires("queue")
def send_back(number: str) -> ResponseReturnValue:
    """Whoever asked sends the answer back."""
    actor, now, form = current_actor(), clock.now(), kind_forms.words_form(_("What is still open"), request.form)
    return verbs.act(actor, number, "return_answer", form, lambda: inquiries.send_back(
        actor=actor, post=verbs.post(number), text=form.text.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/recall")
@route_access("queue")
@requires("queue")
def recall(number: str) -> ResponseReturnValue:
    """Whoever asked or reported takes it back."""
    actor, now, form = current_actor(), clock.now(), kind_forms.words_form(_("Reason"), request.form)
    return verbs.act(actor, number, "recall_report", form, lambda: inquiries.recall(
        actor=actor, post=verbs.post(number), text=form.text.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/pass-up")
@route_access("queue")
@requires("queue")
def pass_up(number: str) -> ResponseReturnValue:
    """The province hands an inquiry up to headquarters."""
    actor, now, form = current_actor(), clock.now(), kind_forms.words_form(_("Note for headquarters"), request.form)
    return verbs.act(actor, number, "pass_up", form, lambda: inquiries.pass_up(
        actor=actor, post=verbs.post(number), text=form.text.data or "", now=now,
    ))  # fmt: skip
