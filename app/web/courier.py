"""The verb "SMS to the courier"."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import request

from app import clock
from app.extensions import db, limiter
from app.services import courier_sms, ticket_view
from app.services.courier_sms import CourierIn
from app.web import courier_forms, forms, verbs
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("courier", __name__)
LIMIT = "20 per minute;100 per hour"  # a person: the number is typed freely, and each message costs money


@bp.post("/tickets/<number>/courier-sms")
@limiter.limit(LIMIT, key_func=lambda: f"courier-sms:{current_user.get_id()}")
@route_access("queue")
@requires("queue")
def send(number: str) -> ResponseReturnValue:
    """Tell the courier by SMS what is to be done, or what was promised."""
    actor, now = current_actor(), clock.now()
    form = courier_forms.courier_form(ticket_view.view(db.session(), actor, number), request.form)
    message = CourierIn(
        template=form.template.data or "", name=form.name.data or "", phone=form.phone.data or "",
        courier_id=courier_forms.chosen(form), request=form.request.data or "",
        due_at=forms.instant(form.due_at),
    )  # fmt: skip
    return verbs.act(actor, number, "courier_sms", form, lambda: courier_sms.tell(
        actor=actor, post=verbs.post(number), message=message, now=now,
    ))  # fmt: skip
