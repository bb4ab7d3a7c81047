"""Exemptions over HTTP: asked for on a ticket, from the list of late clocks or for an area; confirmed and decided."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.extensions import db
from app.services import exemption_rulings, exemption_view, exemptions, ticket_view
from app.services.exemptions import AskIn
from app.web import attachments, exemption_forms, exemption_page, forms, queue_page, verbs, words
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.numbers import number as number_of

bp = Blueprint("exemptions", __name__)


@bp.get("/exemptions")
@route_access("exemptions")
@requires("exemptions")
def index() -> ResponseReturnValue:
    """What was asked for and how it was decided."""
    return _list()


@bp.post("/tickets/<number>/exemption")
@route_access("queue")
@requires("queue")
def ask(number: str) -> ResponseReturnValue:
    """Ask for runs of one ticket."""
    actor, now = current_actor(), clock.now()
    view = ticket_view.view(db.session(), actor, number)
    form = exemption_forms.ask_form(view, actor, request.form)
    ids = exemption_forms.chosen(form, view, actor)
    return verbs.act(actor, number, "ask_exemption", form, lambda: exemptions.ask(
        actor=actor, post=verbs.post(number), clock_ids=ids, now=now,
        asked=_asked(form, attachments.keep(actor, number, "exemption").checked()),
    ))  # fmt: skip


@bp.route("/exemptions/late", methods=["GET", "POST"])
@route_access("exempt_many")
@requires("exempt_many")
def late() -> ResponseReturnValue:
    """The late clocks of the area; one request for those that are ticked."""
    actor, now, form = current_actor(), clock.now(), exemption_forms.ask_many_form(request.form or None)
    ticked, error = _ids("clock"), ""
    if request.method == "POST":
        try:
            exemptions.ask_many(actor=actor, clock_ids=ticked, asked=_asked(form), now=now)
            return redirect(url_for("exemptions.index", done="1"), 303)
        except (Invalid, NotAllowed) as wrong:
            error = _said(form, wrong)
    site = request.values.get("site", "").strip()[:32]
    rows = [exemption_page.late_row(row, ticked) for row in exemption_view.late(db.session(), actor, site, now)]
    page = render_template(
        "exemption_late.html", rows=rows, form=form, error=error, site=site, rail=_rail(actor, now),
        full=len(rows) == exemption_view.LATE_SHOWN,
    )  # fmt: skip
    return page, 422 if error else 200


@bp.route("/exemptions/area", methods=["GET", "POST"])
@route_access("exempt_area")
@requires("exempt_area")
def area() -> ResponseReturnValue:
    """Ask for every site clock decided in a span in a province or the network."""
    actor, now, error = current_actor(), clock.now(), ""
    places = exemption_page.places(exemption_view.provinces(db.session(), actor), actor)
    form = exemption_forms.area_form(places, request.form or None)
    if request.method == "POST":
        try:
            exemptions.ask_area(
                actor=actor, area=form.area.data or "", from_at=forms.instant(form.from_at),
                until_at=forms.instant(form.until_at), asked=_asked(form), now=now, key=verbs.key(),
            )  # fmt: skip
            return redirect(url_for("exemptions.index", done="1"), 303)
        except (Invalid, NotAllowed) as wrong:
            error = _said(form, wrong)
    key = secrets.token_urlsafe(24)
    page = render_template("exemption_area.html", form=form, error=error, submission_key=key, rail=_rail(actor, now))
    return page, 422 if error else 200


@bp.post("/exemptions/<int:exemption_id>/decide")
@route_access("exempt_decide")
@requires("exempt_decide")
def decide(exemption_id: int) -> ResponseReturnValue:
    """Grant or refuse."""
    granting = request.form.get("verdict") == "grant"
    return _do(exemption_id, lambda: exemption_rulings.decide(
        actor=current_actor(), exemption_id=exemption_id, granting=granting, text=request.form.get("decision", ""),
        now=clock.now(),
    ))  # fmt: skip


@bp.post("/exemptions/<int:exemption_id>/confirm")
@route_access("system_facts")
@requires("system_facts")
def confirm(exemption_id: int) -> ResponseReturnValue:
    """Say whether a system's failure was real."""
    real = {"yes": True, "no": False}.get(request.form.get("real", ""))
    if real is None:
        abort(422)
    return _do(exemption_id, lambda: exemption_rulings.confirm(
        actor=current_actor(), exemption_id=exemption_id, real=real, now=clock.now(),
    ))  # fmt: skip


@bp.post("/exemptions/<int:exemption_id>/revoke")
@route_access("exempt_revoke")
@requires("exempt_revoke")
def revoke(exemption_id: int) -> ResponseReturnValue:
    """Take a granted exemption back."""
    return _do(exemption_id, lambda: exemption_rulings.revoke(
        actor=current_actor(), exemption_id=exemption_id, text=request.form.get("decision", ""), now=clock.now(),
    ))  # fmt: skip


def _do(exemption_id: int, verb: Callable[[], None]) -> ResponseReturnValue:
    """Run a decision; 303 to the list afterwards, or the list with what is wrong beside its request."""
    try:
        verb()
    except Invalid as wrong:
        said = words.word(words.errors(), wrong.fields["decision"])
        return _list({"id": exemption_id, "text": request.form.get("decision", ""), "error": said}), 422
    except NotAllowed as wrong:
        said = words.word(words.errors(), wrong.code)
        return _list({"id": exemption_id, "text": request.form.get("decision", ""), "error": said}), 409
    return redirect(url_for("exemptions.index", done="1"), 303)


def _list(wrong: dict[str, Any] | None = None) -> str:
    actor, now, session = current_actor(), clock.now(), db.session()
    state = request.args.get("state", "")
    state = state if state in exemption_view.STATES else ""
    found = exemption_view.page(session, actor, state, number_of(request.args, "before"))
    rows = exemption_page.rows(session, found[: exemption_view.PAGE], actor, wrong)
    more = found[exemption_view.PAGE - 1].exemption.id if len(found) > exemption_view.PAGE else None
    return render_template(
        "exemptions.html", rows=rows, state=state, tabs=exemption_page.tabs(state), rail=_rail(actor, now),
        next_href=url_for("exemptions.index", before=more, state=state or None) if more else None,
        notice=_("Saved") if request.args.get("done") else "", facts_only=actor.can("system_facts"),
        may_area=actor.can("exempt_area"), may_many=actor.can("exempt_many"),
    )  # fmt: skip


def _asked(form: Any, pictures: list[int] | None = None) -> AskIn:
    text = form.text.data or "" if "text" in form else ""
    return AskIn(form.reason.data or "", form.facts.data or "", text, pictures or [])


def _said(form: Any, wrong: Invalid | NotAllowed) -> str:
    if isinstance(wrong, Invalid):
        forms.mark(form, wrong.fields)
        if "clocks" in wrong.fields and "clocks" not in form:
            empty = wrong.fields["clocks"] == "required"
            return _("Tick at least one clock") if empty else words.word(words.errors(), wrong.fields["clocks"])
    return words.word(words.errors(), wrong.code)


def _ids(name: str) -> list[int]:
    given = [value for value in request.form.getlist(name) if value.isascii() and value.isdecimal()]
    return [int(value) for value in given if len(value) < 20 and int(value) < 2**63]


def _rail(actor: Actor, now: datetime) -> dict[str, Any]:
    if actor.can("queue"):
        return queue_page.rail(db.session(), actor, None, now)
    return {"queues": [], "others": queue_page.others(actor, request.endpoint or "")}
