"""The sheets and the panel of promises."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, request, url_for
from wtforms import DateTimeLocalField, Form, SelectField, StringField

from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.models import Promise
from app.services.ticket_view import View
from app.web import forms, sheets, words, words_verify
from app.web.context import translate as _


class PromiseForm(Form):
    """A new promise."""

    promise_what = SelectField()
    promise_due_at = DateTimeLocalField(format=forms.TIME_FORMATS)
    promise_who = StringField()
    promise_courier = StringField(render_kw={"inputmode": "tel"})
    promise_text = StringField()


class KeptForm(Form):
    """What proves that a promise was kept."""

    proof = SelectField()


class AnewForm(Form):
    """Another time for a promise."""

    promise_due_at = DateTimeLocalField(format=forms.TIME_FORMATS)
    promise_text = StringField()


def promise_form(data: Any = None) -> PromiseForm:
    """The form of a new promise."""
    form = PromiseForm(data)
    forms.choices(form.promise_what, words.promises(), _("Promise"))
    forms.label(
        form, promise_due_at=_("Promise due"), promise_who=_("Who keeps it"),
        promise_text=_("What exactly is promised"), promise_courier=_("Courier's mobile, for a reminder"),
    )  # fmt: skip
    return form


def kept_form(data: Any = None) -> KeptForm:
    """The form of a kept promise."""
    form = KeptForm(data)
    forms.choices(form.proof, words_verify.proofs(), _("What proves it"))
    return form


def anew_form(data: Any = None) -> AnewForm:
    """The form of another time."""
    form = AnewForm(data)
    forms.label(form, promise_due_at=_("New time"), promise_text=_("What was agreed"))
    return form


def _sheet(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    """A new promise; or, where the address or the failed post names one, keeping it or agreeing it anew."""
    known = (request.view_args or {}).get("promise_id") or request.args.get("promise", type=int)
    promise = next((row for row, _body in view.promises if row.id == known and row.state == "open"), None)
    if promise is None or bound is sheets.MENU or isinstance(bound, PromiseForm):
        intro = _("The ticket cannot be closed before the promise is kept. The site is reminded one hour before.")
        label, form = _("Make a promise"), bound or promise_form()
        return sheets.sheet(label, "promises.make", view, form, _("Promise"), intro=intro)
    if isinstance(bound, KeptForm) or (bound is None and request.args.get("do") == "kept"):
        intro, form = f"{_named(promise)}", bound or kept_form()
        return _of_one(view, promise, _("The promise was kept"), "promises.kept", form, _("Mark as kept"), intro)
    intro = _("%(promise)s. A new time needs a call of today in which the customer agreed.", promise=_named(promise))
    return _of_one(view, promise, _("Agree a new time"), "promises.anew", bound or anew_form(), _("Save"), intro)


def _of_one(
    view: View, promise: Promise, label: str, endpoint: str, form: Any, submit: str, intro: str
) -> sheets.Sheet:
    made = sheets.sheet(label, "promises.make", view, form, submit, intro=intro)
    return {**made, "action": url_for(endpoint, number=view.ticket.number, promise_id=promise.id)}


def _named(promise: Promise) -> str:
    return f"{words.word(words.promises(), promise.what)} · {g.fmt.full(promise.due_at)[:16]}"


SHEETS = {"promise": _sheet}


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """Every promise with who keeps it and where it stands; the open ones can be kept or agreed anew."""
    if not view.promises:
        return None
    return {
        "template": "_panel_promises.html",
        "rows": [_row(view, promise, body, now) for promise, body in view.promises],
    }


def _row(view: View, promise: Promise, body: dict[str, Any], now: datetime) -> dict[str, Any]:
    is_open = promise.state == "open"
    tone = {"kept": "good", "broken": "late"}.get(promise.state, "")
    if is_open:
        seconds = (promise.due_at - now).total_seconds()
        tone = "late" if seconds <= 0 else "soon" if seconds <= 3600 else ""
    state = words_verify.promise_states()[promise.state]
    proof = words.word(words_verify.proofs(), promise.proof)
    acts = [("kept", _("Kept")), ("anew", _("New time"))] if is_open and "promise" in view.actions else []
    number = view.ticket.number
    return {
        "what": words.word(words.promises(), promise.what), "who": mask_text(str(body.get("who", ""))),
        "text": mask_text(str(body.get("text", ""))), "tone": tone,
        "due_text": g.fmt.time(promise.due_at), "due_full": g.fmt.full(promise.due_at),
        "chip": g.fmt.left(promise.due_at, now) if is_open else " · ".join(filter(None, [state, proof])),
        "due_iso": promise.due_at.isoformat() if is_open else "",
        "acts": [
            {"label": label, "href": url_for("tickets.show", number=number, sheet="promise", promise=promise.id, do=do)}
            for do, label in acts
        ],
    }  # fmt: skip
