"""Promises on a ticket: made beside a result, kept with a proof, agreed anew."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock
from app.domain.errors import Invalid
from app.services import promises
from app.services.promises import PromiseIn
from app.web import forms, promise_forms, verbs
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.promise_forms import PromiseForm

bp = Blueprint("promises", __name__)


@bp.post("/tickets/<number>/promises")
@route_access("queue")
@requires("queue")
def make(number: str) -> ResponseReturnValue:
    """Promise something beside a result."""
    actor, now, form = current_actor(), clock.now(), promise_forms.promise_form(request.form)
    return verbs.act(actor, number, "promise", form, lambda: promises.make(
        actor=actor, post=verbs.post(number), promise=_typed(form), now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/promises/<int:promise_id>/kept")
@route_access("queue")
@requires("queue")
def kept(number: str, promise_id: int) -> ResponseReturnValue:
    """Mark a promise kept."""
    actor, now, form = current_actor(), clock.now(), promise_forms.kept_form(request.form)
    return verbs.act(actor, number, "promise", form, lambda: promises.keep(
        actor=actor, post=verbs.post(number), promise_id=promise_id, proof=form.proof.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/promises/<int:promise_id>/anew")
@route_access("queue")
@requires("queue")
def anew(number: str, promise_id: int) -> ResponseReturnValue:
    """Another time, agreed with the customer."""
    actor, now, form = current_actor(), clock.now(), promise_forms.anew_form(request.form)
    return verbs.act(actor, number, "promise", form, lambda: promises.renegotiate(
        actor=actor, post=verbs.post(number), promise_id=promise_id, due_at=forms.instant(form.promise_due_at),
        text=form.promise_text.data or "", now=now,
    ))  # fmt: skip


def _typed(form: PromiseForm) -> PromiseIn:
    due_at = forms.instant(form.promise_due_at)
    if due_at is None:
        missing = {} if form.promise_what.data else {"promise_what": "required"}
        raise Invalid(missing | {"promise_due_at": "required"})
    return PromiseIn(
        form.promise_what.data or "", due_at, form.promise_text.data or "", form.promise_who.data or "",
        (form.promise_courier.data or "").strip(),
    )  # fmt: skip
