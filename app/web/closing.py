"""The verbs at a complaint's end: told, verdict by telephone, withdrawal, intervention, linked waybills."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock
from app.services import closing, linked, verdicts
from app.services.closing import WithdrawalIn
from app.web import attachments, closing_forms, verbs
from app.web.access import route_access
from app.web.guard import current_actor, requires

bp = Blueprint("closing", __name__)


@bp.post("/tickets/<number>/told")
@route_access("queue")
@requires("queue")
def told(number: str) -> ResponseReturnValue:
    """The complainant was told the result on a call."""
    actor, now, form = current_actor(), clock.now(), closing_forms.told_form(request.form)
    return verbs.act(actor, number, "told", form, lambda: verdicts.told(
        actor=actor, post=verbs.post(number), outcome=form.contact_outcome.data or "", text=form.text.data or "",
        now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/customer-accepts")
@route_access("queue")
@requires("queue")
def customer_accepts(number: str) -> ResponseReturnValue:
    """The complainant accepts the result on a call."""
    actor, now, form = current_actor(), clock.now(), closing_forms.said_form(request.form)
    return verbs.act(actor, number, "customer_accepts", form, lambda: verdicts.customer_accepts(
        actor=actor, post=verbs.post(number), text=form.text.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/customer-rejects")
@route_access("queue")
@requires("queue")
def customer_rejects(number: str) -> ResponseReturnValue:
    """The complainant rejects the result on a call."""
    actor, now, form = current_actor(), clock.now(), closing_forms.said_form(request.form)
    return verbs.act(actor, number, "customer_rejects", form, lambda: verdicts.customer_rejects(
        actor=actor, post=verbs.post(number), text=form.text.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/withdraw")
@route_access("queue")
@requires("queue")
def withdraw(number: str) -> ResponseReturnValue:
    """Withdraw a complaint with its proof."""
    actor, now, form = current_actor(), clock.now(), closing_forms.withdraw_form(request.form)
    return verbs.act(actor, number, "withdraw", form, lambda: closing.withdraw(
        actor=actor, post=verbs.post(number), now=now, withdrawal=WithdrawalIn(
            form.reason.data or "", form.text.data or "", attachments.keep(actor, number, "withdraw").checked(),
        ),
    ))  # fmt: skip


@bp.post("/tickets/<number>/intervene")
@route_access("queue")
@requires("queue")
def intervene(number: str) -> ResponseReturnValue:
    """A superior closes in the site's place."""
    actor, now, form = current_actor(), clock.now(), closing_forms.intervene_form(request.form)
    return verbs.act(actor, number, "intervene", form, lambda: closing.intervene(
        actor=actor, post=verbs.post(number), root_cause=form.root_cause.data or "", text=form.text.data or "",
        now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/link-waybill")
@route_access("queue")
@requires("queue")
def link_waybill(number: str) -> ResponseReturnValue:
    """Say that the parcel has another number too."""
    actor, now, form = current_actor(), clock.now(), closing_forms.link_form(request.form)
    return verbs.act(actor, number, "link_waybill", form, lambda: linked.link(
        actor=actor, post=verbs.post(number), waybill=form.waybill.data or "", kind=form.kind.data or "", now=now,
    ))  # fmt: skip
