"""The verbs of ownership on a ticket: take, give back, hand over."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app import clock
from app.extensions import db
from app.services import ownership, scope
from app.web import ownership_forms, verbs
from app.web.access import route_access
from app.web.guard import current_actor, requires
from app.web.numbers import number as number_of

bp = Blueprint("ownership", __name__)


@bp.post("/tickets/<number>/take")
@route_access("queue")
@requires("queue")
def take(number: str) -> ResponseReturnValue:
    """Take a ticket at work that nobody owns."""
    actor, now = current_actor(), clock.now()
    return verbs.act(actor, number, "take", None, lambda: ownership.take(actor=actor, post=verbs.post(number), now=now))


@bp.post("/tickets/<number>/give-back")
@route_access("queue")
@requires("queue")
def give_back(number: str) -> ResponseReturnValue:
    """Give the ticket back to the team."""
    actor, now, form = current_actor(), clock.now(), ownership_forms.give_back_form(request.form)
    return verbs.act(actor, number, "give_back", form, lambda: ownership.give_back(
        actor=actor, post=verbs.post(number), note=form.text.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/hand-over")
@route_access("queue")
@requires("queue")
def hand_over(number: str) -> ResponseReturnValue:
    """Give the ticket to a colleague."""
    actor, now = current_actor(), clock.now()
    ticket = scope.load(db.session(), actor, number)
    form = ownership_forms.hand_over_form(ownership.colleagues(db.session(), ticket, actor), request.form)
    return verbs.act(actor, number, "hand_over", form, lambda: ownership.hand_over(
        actor=actor, post=verbs.post(number), to_id=number_of(request.form, "colleague"),
        note=form.text.data or "", now=now,
    ))  # fmt: skip
