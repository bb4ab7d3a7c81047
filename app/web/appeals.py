"""The appeal stream of headquarters: take the next one, rule on it, and the one after it opens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock
from app.domain.errors import Invalid, NotAllowed, Stale
from app.domain.roles import Actor
from app.extensions import db
from app.jobs import sends
from app.services import appeal_leases, appeal_stream, appeals, reveals, ticket_view
from app.services.appeals import RulingIn
from app.web import appeal_page, forms, queue_page, shown_in_full, verbs, words
from app.web.access import route_access
from app.web.guard import current_actor, requires

bp = Blueprint("appeals", __name__)
NUMBER = re.compile(r"KF\d{6}-\d{6,}")


@bp.get("/appeals")
@route_access("ruling")
@requires("ruling")
def index() -> ResponseReturnValue:
    """What waits, and the appeal that the person has before them."""
    actor = current_actor()
    if mine := appeal_leases.mine(db.session(), actor, clock.now()):
        return redirect(url_for("appeals.show", number=mine), 303)
    return _page(actor, None)


@bp.get("/appeals/head")
@route_access("ruling")
@requires("ruling")
def head() -> ResponseReturnValue:
    """The poll: 204 while numbers and list are what the page shows."""
    actor = current_actor()
    stream = appeal_page.stream_of(db.session(), actor, clock.now(), request.args.get("open", "")[:24])
    if stream["seen"] == request.args.get("seen", ""):
        return "", 204
    return render_template("_fresh_appeals.html", s=stream)


@bp.post("/appeals/next")
@route_access("ruling")
@requires("ruling")
def take_next() -> ResponseReturnValue:
    """Take the most urgent appeal that nobody has."""
    return _onward(current_actor())


@bp.get("/appeals/<number>")
@route_access("ruling")
@requires("ruling")
def show(number: str) -> ResponseReturnValue:
    """One appeal on one screen. To look at it takes it from nobody."""
    return _page(current_actor(), number)


@bp.post("/appeals/<number>/take")
@route_access("ruling")
@requires("ruling")
def take(number: str) -> ResponseReturnValue:
    """Take exactly this one; the manager also from a colleague."""
    actor = current_actor()

    def verb() -> ResponseReturnValue:
        appeal_leases.take(actor=actor, number=number, now=clock.now())
        return redirect(url_for("appeals.show", number=number), 303)

    return _tried(actor, number, verb)


@bp.post("/appeals/<number>/keep")
@route_access("ruling")
@requires("ruling")
def keep(number: str) -> ResponseReturnValue:
    """A sign of life of whoever works on it."""
    kept = appeal_leases.keep(actor=current_actor(), number=number, now=clock.now())
    return "", 204 if kept else 409


@bp.post("/appeals/back")
@route_access("ruling")
@requires("ruling")
def give_back() -> ResponseReturnValue:
    """Give back what one has; sent by the button, and by the page when one leaves the stream."""
    appeal_leases.give_back(actor=current_actor())
    return redirect(url_for("appeals.index"), 303)


@bp.post("/appeals/<number>/later")
@route_access("ruling")
@requires("ruling")
def later(number: str) -> ResponseReturnValue:
    """It waits for evidence: behind the others for an hour, and the next one opens."""
    actor = current_actor()

    def verb() -> ResponseReturnValue:
        appeal_leases.put_off(actor=actor, number=number, now=clock.now())
        return _onward(actor, done=number, what=appeal_page.LATER)

    return _tried(actor, number, verb)


@bp.post("/appeals/<number>/ruling")
@route_access("ruling")
@requires("ruling")
def rule(number: str) -> ResponseReturnValue:
    """The ruling; without words of its own the chosen earlier reason is its text."""
    actor, now, form = current_actor(), clock.now(), forms.ruling_form(request.form)
    if not (form.text.data or "").strip():
        form.text.data = _earlier_reason(actor)
    decided = RulingIn(form.ruling.data or "", form.text.data or "", form.site_code.data or "")

    def verb() -> ResponseReturnValue:
        appeals.rule(actor=actor, post=verbs.post(number), ruling=decided, now=now)
        sends.ring()
        return _onward(actor, done=number, what=decided.ruling)

    return _tried(actor, number, verb, form)


@bp.post("/appeals/<number>/reveal")
@shown_in_full.limit
@route_access("ruling")
@requires("ruling")
def reveal(number: str) -> ResponseReturnValue:
    """Show a contact in full, on record."""
    actor, role = current_actor(), request.form.get("role", "")[:16]
    return _page(actor, number, shown=reveals.reveal(actor=actor, number=number, now=clock.now(), role=role))


def _onward(actor: Actor, *, done: str = "", what: str = "") -> ResponseReturnValue:
    """To the next appeal, with a word on what became of the last one; to the stream's page when none is left."""
    number = appeal_leases.take_next(actor=actor, now=clock.now(), but=done)
    if not number and not done:
        what = appeal_page.NONE
    told: dict[str, Any] = {"done": done or None, "what": what or None}
    if number:
        return redirect(url_for("appeals.show", number=number, **told), 303)
    return redirect(url_for("appeals.index", **told), 303)


def _tried(actor: Actor, number: str, verb: Callable[[], ResponseReturnValue], form: Any = None) -> ResponseReturnValue:
    try:
        return verb()
    except (Invalid, NotAllowed, Stale) as error:
        if isinstance(error, Invalid) and form is not None:
            forms.mark(form, error.fields)
        text = _page(actor, number, form=form, error=words.refused(error))
        return text, 422 if isinstance(error, Invalid) else 409


def _page(actor: Actor, number: str | None, **state: Any) -> str:
    session, now = db.session(), clock.now()
    view = ticket_view.view(session, actor, number) if number else None
    rail = queue_page.rail(session, actor, None, now)
    rail["queues"][0]["current"] = True
    done = request.args.get("done", "")
    flash = appeal_page.told(done if NUMBER.fullmatch(done) else "", request.args.get("what", ""))
    stream = appeal_page.stream_of(session, actor, now, number or "")
    opened = appeal_page.page_of(session, view, actor, now, stream, **state) if view else None
    return render_template("appeals.html", rail=rail, s=stream, flash=flash, a=opened)


def _earlier_reason(actor: Actor) -> str:
    chosen = request.form.get("reason", "")[:20]
    known = {str(text_id): text for text_id, text in appeal_stream.reasons(db.session(), actor)}
    return known.get(chosen, "")
