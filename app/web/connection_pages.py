"""An administrator's connections: added, changed, their secrets renewed. The page of one is the control room's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import Invalid, NotAllowed
from app.extensions import db
from app.services import connection_admin, exchange_view
from app.web import admin, connection_forms, exchange, queue_page, words, words_admin
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("connections", __name__)


@bp.route("/admin/connections", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def add() -> ResponseReturnValue:
    """Add a connection; its secret is the next step, on its own page."""
    form, status = connection_forms.new_form(request.form if request.method == "POST" else None), 200
    if request.method == "POST":
        name = form.driver.data or ""
        entry = connection_forms.typed(
            form, code=(form.code.data or "").strip(), driver_name=name, charset=form.charset.data or ""
        )
        try:
            code = connection_admin.add(
                actor=current_actor(), entry=entry, rules=connection_forms.rules_for(name), now=clock.now()
            )
            return redirect(url_for("exchange.connection", code=code, saved=1), 303)
        except Invalid as wrong:
            connection_forms.mark(form, wrong.fields)
            status = 422
    rail = {"queues": [], "others": queue_page.others(current_actor(), "admin.index")}
    return render_template("connection_new.html", form=form, tabs=admin.tabs(), rail=rail), status


@bp.post("/admin/connections/<code>/settings")
@route_access("admin")
@requires("admin")
def change(code: str) -> ResponseReturnValue:
    """Store what a connection is."""
    row, _poll = exchange_view.connection(db.session(), code)
    form = connection_forms.change_form(row, request.form)
    entry = connection_forms.typed(form, code=row.code, driver_name=row.driver, charset=row.charset)
    try:
        connection_admin.change(
            actor=current_actor(), entry=entry, rules=connection_forms.rules_for(row.driver), now=clock.now()
        )
    except Invalid as wrong:
        connection_forms.mark(form, wrong.fields)
        return exchange.page_of(code, settings=form, error=_("Please check the marked fields")), 422
    return redirect(url_for("exchange.connection", code=code, saved=1), 303)


@bp.post("/admin/connections/<code>/secrets")
@route_access("admin")
@requires("admin")
def add_secret(code: str) -> ResponseReturnValue:
    """Let one more secret count; one that was made here is shown in this answer and never again."""
    exchange_view.connection(db.session(), code)
    made = request.form.get("make") == "1"
    try:
        fresh = connection_admin.add_secret(
            actor=current_actor(), code=code, secret=None if made else request.form.get("secret", ""), now=clock.now()
        )
    except Invalid as wrong:
        form: Any = connection_forms.secret_form()
        connection_forms.mark(form, wrong.fields)
        return exchange.page_of(code, secret=form, error=_("Please check the marked fields")), 422
    if made:
        return exchange.page_of(code, shown=fresh)
    return redirect(url_for("exchange.connection", code=code, saved=1), 303)


@bp.post("/admin/connections/<code>/secrets/<int:place>/retire")
@route_access("admin")
@requires("admin")
def retire(code: str, place: int) -> ResponseReturnValue:
    """Let a secret count no longer."""
    of = request.form.get("of", 0, type=int)
    try:
        connection_admin.retire_secret(actor=current_actor(), code=code, place=place, of=of, now=clock.now())
    except NotAllowed as no:
        return exchange.page_of(code, error=words.word(words_admin.errors(), no.code)), 409
    return redirect(url_for("exchange.connection", code=code, saved=1), 303)
