"""Returns over HTTP: return a ticket as not one's own, rule on a return, and the panel that shows them."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app import clock
from app.extensions import db
from app.services import ticket_view, transfers
from app.services.transfers import ReturnIn, RulingIn
from app.web import attachments, transfers_forms, verbs
from app.web.access import route_access
from app.web.guard import current_actor, requires

bp = Blueprint("transfers", __name__)


@bp.post("/tickets/<number>/return")
@route_access("queue")
@requires("queue")
def give_up(number: str) -> ResponseReturnValue:
    """Return the ticket as not the site's own."""
    actor, now, form = current_actor(), clock.now(), transfers_forms.return_form(request.form)
    return verbs.act(actor, number, "return", form, lambda: transfers.give_up(
        actor=actor, post=verbs.post(number), now=now, asked=ReturnIn(
            form.reason.data or "", form.text.data or "", (form.site_code.data or "")[:32],
            attachments.keep(actor, number, "return").checked(),
        ),
    ))  # fmt: skip


@bp.post("/tickets/<number>/return/ruling")
@route_access("queue")
@requires("queue")
def rule(number: str) -> ResponseReturnValue:
    """Decide an open return."""
    actor, now = current_actor(), clock.now()
    form = transfers_forms.ruling_form(ticket_view.view(db.session(), actor, number), request.form)
    ruling = RulingIn(
        form.decision.data or "", form.text.data or "", (form.site_code.data or "")[:32],
        bool("learn" in form and form.learn.data),
    )  # fmt: skip
    return verbs.act(actor, number, "transfer", form, lambda: transfers.rule(
        actor=actor, post=verbs.post(number), ruling=ruling, now=now,
    ))  # fmt: skip
