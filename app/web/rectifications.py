"""Rectification forms over HTTP: the list, one form to fill in or decide, the thresholds."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import rectifications as rule
from app.domain.errors import Invalid, NotAllowed, Stale
from app.extensions import db
from app.services import rectification_policy, rectification_view, rectifications
from app.services.rectification_policy import Version
from app.services.rectifications import OrderIn
from app.web import forms, queue_page, rectification_page, verbs, words, words_rectifications
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.numbers import number

bp = Blueprint("rectifications", __name__)


@bp.get("/rectifications")
@route_access("rectifications")
@requires("rectifications")
def index() -> ResponseReturnValue:
    """The forms in scope."""
    return rectification_page.index()


@bp.post("/rectifications")
@route_access("rectify_order")
@requires("rectify_order")
def order() -> ResponseReturnValue:
    """Ask for one by hand."""
    form = rectification_page.order_form(request.form)
    asked = OrderIn(form.organisation.data or "", form.kind.data or "", form.reason.data or "", form.ticket.data or "")
    try:
        made = rectifications.order(actor=current_actor(), asked=asked, key=verbs.key(), now=clock.now())
    except Invalid as wrong:
        forms.mark(form, wrong.fields)
        return rectification_page.index(form, True), 422
    except Stale:
        forms.mark(form, {"reason": "sent_already"})
        return rectification_page.index(form, True), 409
    return redirect(url_for("rectifications.show", form_number=made, done="asked"), 303)


@bp.get("/rectifications/<form_number>")
@route_access("rectifications")
@requires("rectifications")
def show(form_number: str) -> ResponseReturnValue:
    """One form."""
    said = {
        "asked": _("The form is asked for; the site is told."), "filled": _("Sent. The province looks at it now."),
        "decided": _("Saved. The site is told."),
    }  # fmt: skip
    return rectification_page.show(form_number, said.get(request.args.get("done", ""), ""))


@bp.get("/rectifications/entry/<int:entry_id>")
@route_access("rectifications")
@requires("rectifications")
def of_entry(entry_id: int) -> ResponseReturnValue:
    """Where a notice leads."""
    found = rectification_view.number_of_entry(db.session(), current_actor(), entry_id)
    return redirect(url_for("rectifications.show", form_number=found), 303)


@bp.post("/rectifications/<form_number>/fill")
@route_access("rectify")
@requires("rectify")
def fill(form_number: str) -> ResponseReturnValue:
    """The site fills it in; what was typed stays where it is refused."""
    form = rectification_page.fill_form(request.form)
    texts = {name: form[name].data or "" for name in rule.LIMITS}
    try:
        rectifications.fill(
            actor=current_actor(), number=form_number, revision=_revision(), texts=texts, now=clock.now()
        )  # fmt: skip
    except Invalid as wrong:
        forms.mark(form, wrong.fields)
        return rectification_page.show(form_number, fill=form), 422
    except (Stale, NotAllowed) as refused:
        return rectification_page.show(form_number, error=words.refused(refused), fill=form), 409
    return redirect(url_for("rectifications.show", form_number=form_number, done="filled"), 303)


@bp.post("/rectifications/<form_number>/decide")
@route_access("rectify_order")
@requires("rectify_order")
def decide(form_number: str) -> ResponseReturnValue:
    """Accept it, or send it back with a reason."""
    form, accept = rectification_page.decide_form(request.form), request.form.get("verdict") == "accept"
    try:
        rectifications.decide(
            actor=current_actor(), number=form_number, revision=_revision(), accept=accept, text=form.text.data or "",
            now=clock.now(),
        )  # fmt: skip
    except Invalid as wrong:
        forms.mark(form, wrong.fields)
        return rectification_page.show(form_number, decide=form), 422
    except (Stale, NotAllowed) as refused:
        return rectification_page.show(form_number, error=words.refused(refused), decide=form), 409
    return redirect(url_for("rectifications.show", form_number=form_number, done="decided"), 303)


# --- the thresholds ---


@bp.route("/rectifications/policy", methods=["GET", "POST"])
@route_access("rectify_policy")
@requires("rectify_policy")
def policy() -> ResponseReturnValue:
    """Every version, the newest first, and a form that begins with what holds."""
    if request.method == "GET":
        return _policy_page({}, {})
    typed = {name: request.form.get(name, "") for name in (*rule.NAMES, "note")}
    try:
        rectification_policy.store(
            actor=current_actor(), typed=typed, note=typed["note"], seen=number(request.form, "seen") or 0,
            now=clock.now(),
        )  # fmt: skip
    except Invalid as wrong:
        return _policy_page(typed, wrong.fields, words.refused(wrong)), 422
    except Stale:
        said = _("Somebody else has stored a version meanwhile. What you typed is kept.")
        return _policy_page(typed, {}, said), 409
    return redirect(url_for("rectifications.policy", done=1), 303)


def _policy_page(typed: dict[str, str], errors: dict[str, str], error: str = "") -> str:
    actor, session = current_actor(), db.session()
    versions = rectification_policy.versions(session)
    holds, table, labels = versions[0].policy.numbers(), words.errors(), words_rectifications.numbers()
    fields = [
        {"name": name, "label": labels[name], "value": typed.get(name, str(holds[name])),
         "error": words.word(table, errors[name]) if name in errors else "", "range": rule.RANGES[name]}
        for name in rule.NAMES
    ]  # fmt: skip
    return render_template(
        "rectify_policy.html", rail=queue_page.rail_of(session, actor, clock.now()), fields=fields,
        seen=versions[0].policy.version, note=typed.get("note", ""), error=error,
        note_error=words.word(table, errors["note"]) if "note" in errors else "",
        notice=_("The new version is stored.") if request.args.get("done") else "",
        versions=[_version(one, before) for one, before in zip(versions, [*versions[1:], None], strict=True)],
    )  # fmt: skip


def _version(one: Version, before: Version | None) -> dict[str, object]:
    labels, numbers = words_rectifications.numbers(), one.policy.numbers()
    earlier = before.policy.numbers() if before else numbers
    changes = [f"{labels[n]}: {earlier[n]} → {value}" for n, value in numbers.items() if value != earlier[n]]
    stored = f"{one.stored_by} · {g.fmt.full(one.stored_at)}" if one.stored_by else _("came with the portal")
    return {"n": one.policy.version, "by": stored, "note": one.note, "changes": changes}


def _revision() -> int:
    return number(request.form, "revision") or 0
