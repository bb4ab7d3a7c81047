"""The closure calendar: what is announced, a form to announce, a button to end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField, Form, SelectField, StringField

from app import clock
from app.domain.calendars import local_date
from app.domain.closures import FOR_GOOD, REASONS
from app.domain.errors import Invalid
from app.domain.roles import Actor
from app.extensions import db
from app.models import Organisation
from app.services import closures
from app.services.closures import ClosureIn, Line
from app.web import forms, queue_page, words, words_help
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("closures", __name__)


class ClosureForm(Form):
    """Which site, from when to when, who stands in, and why."""

    site_code = StringField(render_kw=forms.SITES)
    from_day = DateField()
    until_day = DateField()
    deputy_code = StringField(render_kw=forms.SITES)
    reason = SelectField(validate_choice=False)


@bp.get("/closures")
@route_access("closures")
@requires("closures")
def index() -> ResponseReturnValue:
    """Closures of the own site or province that last or lie ahead."""
    actor = current_actor()
    return page(actor, _form(actor), "")


@bp.post("/closures")
@route_access("closures")
@requires("closures")
def announce() -> ResponseReturnValue:
    """Announce a closure."""
    actor, now = current_actor(), clock.now()
    form = _form(actor, request.form)
    given = ClosureIn(
        site_code=form.site_code.data or "" if "site_code" in form else "", from_day=form.from_day.data,
        until_day=form.until_day.data, deputy_code=form.deputy_code.data or "", reason=form.reason.data or "",
    )  # fmt: skip
    unreadable = [
        name for name in ("from_day", "until_day") if (request.form.get(name) or "").strip() and not form[name].data
    ]
    try:
        if unreadable:
            raise Invalid(dict.fromkeys(unreadable, "not_a_date"))
        closures.announce(actor=actor, closure=given, now=now)
    except Invalid as error:
        forms.mark(form, error.fields)
        return page(actor, form, words.word(words.errors(), "invalid")), 422
    return redirect(url_for("closures.index"), 303)


@bp.post("/closures/<int:closure_id>/end")
@route_access("closures")
@requires("closures")
def end(closure_id: int) -> ResponseReturnValue:
    """End a closure, or drop one that has not begun."""
    closures.end(actor=current_actor(), closure_id=closure_id, now=clock.now())
    return redirect(url_for("closures.index"), 303)


@bp.post("/closures/<int:closure_id>/deputy")
@route_access("closure_deputy")
@requires("closure_deputy")
def deputy(closure_id: int) -> ResponseReturnValue:
    """Let another site stand in, or the province."""
    actor, code = current_actor(), request.form.get("deputy_code", "")[:32]
    try:
        closures.set_deputy(actor=actor, closure_id=closure_id, deputy_code=code, now=clock.now())
    except Invalid as wrong:
        why = words.word(words.errors(), wrong.fields["deputy_code"])
        return page(actor, _form(actor), "", typed={closure_id: (code, why)}), 422
    return redirect(url_for("closures.index"), 303)


def page(actor: Actor, form: ClosureForm, error: str, typed: Mapping[int, tuple[str, str]] | None = None) -> str:
    """The list with the form beneath; `typed` holds by closure a deputy that was refused and why."""
    session, now = db.session(), clock.now()
    rows = [_row(line, actor, now, typed or {}) for line in closures.listed(session, actor, now)]
    sites = [(site.code, _name(site)) for site in closures.sites_of(session, actor)]
    rail = queue_page.rail(session, actor, None, now)
    return render_template("closures.html", rail=rail, rows=rows, sites=sites, form=form, error=error)


def _form(actor: Actor, data: Any = None) -> ClosureForm:
    form = ClosureForm(data)
    if actor.desk == "site":
        del form.site_code
    else:
        form.site_code.label.text = _("Site code")
    form.from_day.label.text, form.until_day.label.text = _("First day"), _("Last day (empty: until ended by hand)")
    form.deputy_code.label.text = _("Deputy's code (empty: the province)")
    reasons = words_help.closure_reasons()
    form.reason.choices = [("", _("Please choose")), *((code, reasons[code]) for code in REASONS)]
    form.reason.label.text = _("Reason")
    return form


def _row(line: Line, actor: Actor, now: datetime, typed: Mapping[int, tuple[str, str]]) -> dict[str, Any]:
    begun = line.closure.from_day <= local_date(now)
    until = g.fmt.date(line.closure.until_day) if line.closure.until_day else _("until ended by hand")
    code, wrong = typed.get(line.closure.id, (line.deputy.code if line.deputy else "", ""))
    deputy_href = url_for("closures.deputy", closure_id=line.closure.id) if actor.can("closure_deputy") else ""
    return {
        "site": _name(line.site), "code": line.site.code, "days": f"{g.fmt.date(line.closure.from_day)} – {until}",
        "deputy": _name(line.deputy) if line.deputy else _("the province"),
        "reason": words.word(words_help.closure_reasons(), line.closure.reason),
        "state": _("closed now") if begun else _("announced"), "tone": "late" if begun else "soon",
        "end_label": _("Open again") if begun else _("Drop"),
        "end_href": "" if line.closure.reason == FOR_GOOD else url_for("closures.end", closure_id=line.closure.id),
        "id": line.closure.id,
        "deputy_href": deputy_href, "deputy_code": code, "deputy_error": wrong,
    }  # fmt: skip


def _name(site: Organisation) -> str:
    return (site.name_en or site.name) if g.fmt.english else site.name
