"""The waybill look-up: numbers in, traces and tickets out; from there the next step with the number filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import request
from werkzeug.datastructures import MultiDict

from app import clock
from app.domain.waybills import is_acceptable, normalise
from app.extensions import db, limiter
from app.jobs import traces as carriers
from app.services import lookup, traces
from app.web import queue_page, search_page, waybill_forms, waybill_page
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("waybills", __name__)
limit = limiter.limit(search_page.LIMIT, key_func=lambda: f"waybills:{current_user.get_id()}")


@bp.get("/waybills")
@limit
@route_access("waybills")
@requires("waybills")
def index() -> ResponseReturnValue:
    """The page; `?numbers=` looks them up, so that a look-up can be returned to and passed on."""
    asked = request.args.get("numbers", "")
    form = waybill_forms.lookup_form(MultiDict({"numbers": "\n".join(asked.split())}) if asked else None)
    found = waybill_forms.read(form) if asked else None
    return _page(form, found.numbers if found else (), found.doubled if found else 0)


@bp.get("/waybills/parcel")
@limit
@route_access("waybills")
@requires("waybills")
def parcel() -> ResponseReturnValue:
    """What is known of the one parcel that is typed into a form: its last scan and the tickets on it."""
    return render_template("_parcel.html", p=of_parcel(request.args.get("waybill", "")))


def of_parcel(typed: str) -> dict[str, Any] | None:
    """The same for the page of the form; None while no number stands there."""
    number = normalise(typed)[:40]
    if not number or not is_acceptable(number):
        return None
    found = waybill_page.looked(
        db.session(), current_actor(), lookup.look_up(db.session(), current_actor(), [number]), [], 0, clock.now()
    )
    parcels: list[dict[str, Any]] = found["parcels"]
    return parcels[0] if parcels else None


@bp.post("/waybills")
@limit
@route_access("waybills")
@requires("waybills")
def look_up() -> ResponseReturnValue:
    """Read what was pasted: on to the numbers; what is none is named, and the others are shown all the same."""
    form = waybill_forms.lookup_form(request.form)
    found = waybill_forms.read(form)
    if form.numbers.errors:
        return _page(form, found.numbers, found.doubled), 422
    return redirect(url_for("waybills.index", numbers=" ".join(found.numbers)), 303)


@bp.post("/waybills/trace")
@limit
@route_access("waybills")
@requires("waybills")
def ask() -> ResponseReturnValue:
    """Ask the carrier for those numbers that may be asked for again, and show what is known then."""
    words = (normalise(word) for word in request.form.get("numbers", "").split())
    numbers = [word for word in dict.fromkeys(words) if is_acceptable(word)][: traces.MOST]
    carrier, now = carriers.carrier(), clock.now()
    if carrier is not None and numbers:
        traces.ask(carrier=carrier, waybills=numbers, now=now)
    if request.htmx:
        return render_template("_looked.html", looked=_looked(numbers))
    return redirect(url_for("waybills.index", numbers=" ".join(numbers)), 303)


def _looked(numbers: Sequence[str], doubled: int = 0) -> dict[str, object]:
    session, actor, now = db.session(), current_actor(), clock.now()
    parcels = lookup.look_up(session, actor, numbers)
    due = traces.due(session, numbers, now) if numbers and carriers.carrier() else []
    return waybill_page.looked(session, actor, parcels, due, doubled, now)


def _page(form: waybill_forms.LookupForm, numbers: Sequence[str], doubled: int) -> str:
    looked = _looked(numbers, doubled) if numbers else None
    rail = queue_page.rail(db.session(), current_actor(), None, clock.now())
    return render_template("waybills.html", rail=rail, form=form, looked=looked)
