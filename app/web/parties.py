"""The verbs on responsible parties and evidence orders, and the court's page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock
from app.domain.errors import Invalid, NotAllowed, Stale
from app.domain.roles import Actor
from app.extensions import db
from app.services import arbitration, disputes, evidence, parties, ticket_view
from app.services.disputes import DisputeIn
from app.web import attachments, court_page, forms, parties_forms, queue_page, verbs, words
from app.web.access import route_access
from app.web.guard import current_actor, requires

bp = Blueprint("parties", __name__)


def _most() -> int:
    return int(current_app.extensions["kuaifu"].most_parties)


def _view(actor: Actor, number: str) -> ticket_view.View:
    return ticket_view.view(db.session(), actor, number)


@bp.post("/tickets/<number>/parties")
@route_access("queue")
@requires("queue")
def add(number: str) -> ResponseReturnValue:
    """Ask a responsible party."""
    actor, now, form = current_actor(), clock.now(), parties_forms.add_form(request.form)
    return verbs.act(actor, number, "add_party", form, lambda: parties.add(
        actor=actor, post=verbs.post(number), code=form.code.data or "", text=form.text.data or "", most=_most(),
        now=now, pictures=attachments.keep(actor, number, "add_party").checked(),
    ))  # fmt: skip


@bp.post("/tickets/<number>/parties/remove")
@route_access("queue")
@requires("queue")
def remove(number: str) -> ResponseReturnValue:
    """Take a party back."""
    actor, now = current_actor(), clock.now()
    form = parties_forms.party_form(_view(actor, number), actor, "remove_party", request.form)
    return verbs.act(actor, number, "remove_party", form, lambda: parties.remove(
        actor=actor, post=verbs.post(number), party=form.party.data or "", text=form.text.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/parties/urge")
@route_access("queue")
@requires("queue")
def urge(number: str) -> ResponseReturnValue:
    """Urge a party that owes its answer."""
    actor, now, party = current_actor(), clock.now(), request.form.get("party", "")[:32]
    return verbs.act(actor, number, "urge_party", None, lambda: parties.urge(
        actor=actor, post=verbs.post(number), party=party, now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/parties/answer")
@route_access("queue")
@requires("queue")
def answer(number: str) -> ResponseReturnValue:
    """A party's answer."""
    actor, now, form = current_actor(), clock.now(), parties_forms.answer_form(request.form)
    return verbs.act(actor, number, "answer_as_party", form, lambda: parties.answer(
        actor=actor, post=verbs.post(number), text=form.text.data or "", now=now,
        pictures=attachments.keep(actor, number, "party_answer").checked(),
    ))  # fmt: skip


@bp.post("/tickets/<number>/parties/dispute")
@route_access("queue")
@requires("queue")
def dispute(number: str) -> ResponseReturnValue:
    """A party's dispute."""
    actor, now, form = current_actor(), clock.now(), parties_forms.dispute_form(request.form)

    def verb() -> Any:
        pictures = attachments.keep(actor, number, "dispute").checked()
        why = DisputeIn(form.reason.data or "", form.text.data or "", form.other_code.data or "", pictures)
        return disputes.dispute(actor=actor, post=verbs.post(number), why=why, now=now)

    return verbs.act(actor, number, "dispute", form, verb)


@bp.post("/tickets/<number>/parties/agree")
@route_access("queue")
@requires("queue")
def agree(number: str) -> ResponseReturnValue:
    """The handling site agrees with a dispute."""
    actor, now = current_actor(), clock.now()
    form = parties_forms.party_form(_view(actor, number), actor, "agree_dispute", request.form)
    named = "add_named" in form and bool(form.add_named.data)
    return verbs.act(actor, number, "agree_dispute", form, lambda: disputes.agree(
        actor=actor, post=verbs.post(number), party=form.party.data or "", add_named=named,
        text=form.text.data or "", most=_most(), now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/parties/reject")
@route_access("queue")
@requires("queue")
def reject(number: str) -> ResponseReturnValue:
    """The handling site rejects a dispute."""
    actor, now = current_actor(), clock.now()
    form = parties_forms.party_form(_view(actor, number), actor, "reject_dispute", request.form)
    return verbs.act(actor, number, "reject_dispute", form, lambda: disputes.reject(
        actor=actor, post=verbs.post(number), party=form.party.data or "", text=form.text.data or "", now=now,
        pictures=attachments.keep(actor, number, "counter").checked(),
    ))  # fmt: skip


@bp.post("/tickets/<number>/parties/arbitrate")
@route_access("queue")
@requires("queue")
def arbitrate(number: str) -> ResponseReturnValue:
    """Either side goes to arbitration."""
    actor, now = current_actor(), clock.now()
    form = parties_forms.party_form(_view(actor, number), actor, "arbitrate", request.form)
    return verbs.act(actor, number, "arbitrate", form, lambda: arbitration.arbitrate(
        actor=actor, post=verbs.post(number), party=form.party.data or "", text=form.text.data or "", now=now,
        pictures=attachments.keep(actor, number, "arbitrate").checked(),
    ))  # fmt: skip


@bp.get("/tickets/<number>/court")
@route_access("queue")
@requires("queue")
def court(number: str) -> ResponseReturnValue:
    """Both sides' statements side by side, the trace, and the ruling form for whoever sits in the court."""
    actor = current_actor()
    return _court(actor, _view(actor, number))


@bp.post("/tickets/<number>/court")
@route_access("queue")
@requires("queue")
def rule(number: str) -> ResponseReturnValue:
    """The ruling: shares and reasons; sent from the sheet or from the court's page."""
    actor, now, view = current_actor(), clock.now(), _view(current_actor(), number)
    form = parties_forms.rule_form(view, request.form)

    def verb() -> Any:
        shares, text = parties_forms.shares_of(view, form), form["text"].data or ""
        return arbitration.rule_on(actor=actor, post=verbs.post(number), shares=shares, text=text, now=now)

    try:
        done = verb()
    except (Invalid, NotAllowed, Stale) as error:
        if request.form.get("from") == "court":
            return _again(actor, number, form, error)
        return verbs.failed(actor, number, "rule_dispute", form, error)
    return verbs.act(actor, number, "rule_dispute", form, lambda: done)


def _again(actor: Actor, number: str, form: Any, error: Any) -> ResponseReturnValue:
    if isinstance(error, Invalid):
        forms.mark(form, error.fields)
    said = words.refused(error)
    return _court(actor, _view(actor, number), form, said), 422 if isinstance(error, Invalid) else 409


def _court(actor: Actor, view: ticket_view.View, form: Any = None, error: str = "") -> str:
    now = clock.now()
    page = court_page.page_of(view, actor, now, form, error)
    return render_template("court.html", rail=queue_page.rail(db.session(), actor, None, now), c=page)


@bp.post("/tickets/<number>/evidence")
@route_access("queue")
@requires("queue")
def order(number: str) -> ResponseReturnValue:
    """Order evidence."""
    actor, now, form = current_actor(), clock.now(), parties_forms.order_form(request.form)
    return verbs.act(actor, number, "order_evidence", form, lambda: evidence.order(
        actor=actor, post=verbs.post(number), code=form.code.data or "", text=form.text.data or "",
        due_at=forms.instant(form.due_at), now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/evidence/deliver")
@route_access("queue")
@requires("queue")
def deliver(number: str) -> ResponseReturnValue:
    """Deliver ordered evidence."""
    actor, now = current_actor(), clock.now()
    form = parties_forms.deliver_form(_view(actor, number), actor, request.form)
    asked = form.order.data or ""
    return verbs.act(actor, number, "deliver_evidence", form, lambda: evidence.deliver(
        actor=actor, post=verbs.post(number), order_id=int(asked) if asked.isdecimal() and len(asked) < 19 else None,
        text=form.text.data or "", now=now, pictures=attachments.keep(actor, number, "evidence").checked(),
    ))  # fmt: skip
