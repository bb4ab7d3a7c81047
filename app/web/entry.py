"""Complaints entered by hand: telephone and every channel that no platform pushes."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import Invalid, NotFound
from app.domain.roles import Actor
from app.domain.waybills import normalise
from app.extensions import db
from app.services import intake, scope
from app.services.ticket_contacts import ContactIn
from app.web import forms, queue_page
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("entry", __name__)


@bp.route("/tickets/new", methods=["GET", "POST"])
@route_access("new_ticket")
@requires("new_ticket")
def new() -> ResponseReturnValue:
    """Enter a complaint by hand."""
    actor, now, session = current_actor(), clock.now(), db.session()
    waybill = normalise(request.args.get("waybill", ""))[:40]
    form = forms.new_ticket_form(queue_page.category_labels(session), request.form or None, waybill)
    status = 200
    if request.method == "POST":
        try:
            number = intake.manual(
                actor=actor, complaint=_complaint(form), key=request.form.get("submission_key", "")[:64], now=now
            )
            return _after_new(actor, number, now)
        except Invalid as error:
            forms.mark(form, error.fields)
            status = 422
    key = request.form.get("submission_key") or secrets.token_urlsafe(24)
    page = render_template(
        "new_ticket.html", form=form, rail=queue_page.rail(session, actor, None, now), submission_key=key
    )
    return page, status


def _after_new(actor: Actor, number: str, now: datetime) -> ResponseReturnValue:
    """To the ticket where it lies in the actor's scope, else back to the queue, which says that another desk has it.

    Its number stays untold: on a parcel with a ticket it would name one that this desk may not know of. A ticket that
    was there before says that this complaint was added to it.
    """
    try:
        ticket = scope.load(db.session(), actor, number)
    except NotFound:
        return redirect(url_for("tickets.index", opened="1"), 303)
    repeat = "1" if ticket.repeat_count and ticket.opened_at < now else None
    return redirect(url_for("tickets.show", number=number, repeat=repeat), 303)


def _complaint(form: Any) -> intake.ComplaintIn:
    return intake.ComplaintIn(
        text=form.text.data or "", category=_offered(form.category, ""), waybill=form.waybill.data or "",
        channel=_offered(form.channel, "telephone"),
        complainant_kind=form.complainant_kind.data or "consignee", name=form.name.data or "",
        phone=form.phone.data or "", address=form.address.data or "",
        contacts=[_contact(form, role) for role in forms.OTHERS],
    )  # fmt: skip


def _offered(field: Any, otherwise: str) -> str:
    """What was chosen, where the form offers it: events keep these codes for ever, and a hand is no platform."""
    return str(field.data) if field.data in dict(field.choices) and field.data else otherwise


def _contact(form: Any, role: str) -> ContactIn:
    name, phone, address = (form[f"{role}_{part}"].data or "" for part in ("name", "phone", "address"))
    return ContactIn(role, name, phone, address)
