"""Quick user switch on a shared PC: choose a colleague, type the PIN, and the browser is theirs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import clock
from app.domain.errors import Invalid, NotFound
from app.domain.roles import Actor
from app.extensions import db, limiter
from app.services import pins
from app.services.accounts import Known, SignInRefused
from app.services.pins import PinRefused
from app.web import auth, context, device_cookie, words, words_pins
from app.web.access import route_access
from app.web.context import translate as _
from app.web.guard import current_actor, home, requires

bp = Blueprint("switching", __name__)
TRIES = "20 per minute"


@bp.get("/switch")
@route_access("pin")
@requires("pin")
def show() -> ResponseReturnValue:
    """The colleagues who signed in with their password in this browser today."""
    return _page(current_actor())


@bp.post("/switch")
@limiter.limit(TRIES, key_func=lambda: f"switch:{current_user.get_id()}")
@route_access("pin")
@requires("pin")
def switch() -> ResponseReturnValue:
    """A new session for the colleague whose PIN it is; the one before ends."""
    actor, now = current_actor(), clock.now()
    asked = request.form.get("user", 0, type=int)
    if not 0 < asked < 2**63 or not request.form.get("pin"):
        return _page(actor, asked, words_pins.errors()["choose_and_type"]), 422
    try:
        found = pins.switch(
            actor=actor, token=device_cookie.token(), user_id=asked, pin=request.form.get("pin", ""), now=now
        )
    except NotFound:
        return _page(actor, 0, words_pins.errors()["pin_gone"]), 422
    except PinRefused as refused:
        text = words.filled(words_pins.errors()[refused.code], refused.detail)
        page, status = _page(actor, asked, text), 429 if refused.wait_seconds else 422
        return page, status, {"Retry-After": str(refused.wait_seconds)} if refused.wait_seconds else {}
    auth.begin(Known(found.user_id, found.epoch), since=found.since)
    return redirect(home(), 303)


@bp.post("/account/pin")
@route_access("pin")
@requires("pin")
def set_pin() -> ResponseReturnValue:
    """Give oneself a PIN, with the password."""
    typed, errors, wait = request.form.get("pin", ""), {}, 0
    try:
        if typed != request.form.get("pin_repeat", ""):
            raise Invalid({"pin_repeat": "not_same"})
        pins.set_pin(
            db.session(), actor=current_actor(), password=request.form.get("pin_password", ""), pin=typed,
            address=request.remote_addr or "", now=clock.now(),
        )  # fmt: skip
        return redirect(url_for("auth.account", done="pin"), 303)
    except Invalid as error:
        errors = {name: words_pins.errors()[code] for name, code in error.fields.items()}
    except SignInRefused as refused:
        errors, wait = {"pin_password": words_pins.wait(refused.wait_seconds)}, refused.wait_seconds
    page = auth.account_page(error=_("Please check the marked fields"), pin_errors=errors)
    return page, 429 if wait else 422, {"Retry-After": str(wait)} if wait else {}


@bp.post("/account/pin/remove")
@route_access("pin")
@requires("pin")
def remove() -> ResponseReturnValue:
    """Have no PIN any more."""
    pins.remove(user_id=current_user.person.user_id)
    return redirect(url_for("auth.account", done="no_pin"), 303)


def _page(actor: Actor, chosen: int = 0, error: str = "") -> str:
    found = pins.colleagues(db.session(), actor, device_cookie.token(), clock.now())
    people: list[dict[str, Any]] = [
        {
            "id": one.user_id, "name": one.name, "role": context.role_label(one.role), "locked": one.locked,
            "chosen": one.user_id == chosen or (not chosen and len(found) == 1),
        }
        for one in found
    ]  # fmt: skip
    own = pins.set_at(db.session(), actor.user_id or 0)
    usable = any(not one["locked"] for one in people)
    return render_template("switch.html", people=people, error=error, own=own, usable=usable, rail=auth.rail())
