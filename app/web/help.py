"""Help and acting for a site: the posts behind the sheets."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app import clock
from app.extensions import db
from app.services import acting, helping, superior, ticket_view
from app.web import help_forms, verbs
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("help", __name__)


@bp.post("/tickets/<number>/help")
@route_access("queue")
@requires("queue")
def ask(number: str) -> ResponseReturnValue:
    """The site asks its superior for help."""
    actor, now, form = current_actor(), clock.now(), help_forms.ask_form(request.form)
    return verbs.act(actor, number, "ask_help", form, lambda: helping.ask_help(
        actor=actor, post=verbs.post(number), text=form.text.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/help/recall")
@route_access("queue")
@requires("queue")
def recall(number: str) -> ResponseReturnValue:
    """The site takes its request back."""
    actor, now = current_actor(), clock.now()
    return verbs.act(actor, number, "recall_help", None, lambda: helping.recall_help(
        actor=actor, post=verbs.post(number), now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/help/answer")
@route_access("queue")
@requires("queue")
def answer(number: str) -> ResponseReturnValue:
    """LCS or CCS answers with advice."""
    actor, now, form = current_actor(), clock.now(), help_forms.answer_form(request.form)
    return verbs.act(actor, number, "answer_help", form, lambda: helping.answer_help(
        actor=actor, post=verbs.post(number), text=form.text.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/act-for")
@route_access("queue")
@requires("queue")
def act(number: str) -> ResponseReturnValue:
    """The LCS begins to act for the site."""
    actor, now = current_actor(), clock.now()
    return verbs.act(actor, number, "act_for", None, lambda: acting.act_for(
        actor=actor, post=verbs.post(number), now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/stop-acting")
@route_access("queue")
@requires("queue")
def stop(number: str) -> ResponseReturnValue:
    """Whoever acts gives the ticket back."""
    actor, now = current_actor(), clock.now()
    return verbs.act(actor, number, "stop_acting", None, lambda: acting.stop_acting(
        actor=actor, post=verbs.post(number), now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/urge-site")
@route_access("queue")
@requires("queue")
def urge(number: str) -> ResponseReturnValue:
    """LCS or CCS urges the site."""
    actor, now = current_actor(), clock.now()
    return verbs.act(actor, number, "urge_site", None, lambda: superior.urge_site(
        actor=actor, post=verbs.post(number), now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/priority")
@route_access("queue")
@requires("queue")
def priority(number: str) -> ResponseReturnValue:
    """LCS or CCS raises the priority."""
    actor, now = current_actor(), clock.now()
    present = ticket_view.view(db.session(), actor, number).ticket.priority
    form = help_forms.priority_form(request.form, present)
    return verbs.act(actor, number, "raise_priority", form, lambda: superior.raise_priority(
        actor=actor, post=verbs.post(number), priority=form.priority.data or "", text=form.text.data or "", now=now,
    ))  # fmt: skip
