"""The page of reply templates: what one sees, what one may keep, a form for each."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form, SelectField, TextAreaField

from app import clock
from app.domain import reply_templates as rule
from app.domain.errors import Invalid, Stale
from app.domain.roles import Actor
from app.extensions import db
from app.models import ReplyTemplate
from app.services import templates
from app.services.templates import TemplateIn
from app.web import forms, queue_page, words, words_day
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.name_field import NameField

bp = Blueprint("templates", __name__)


class TemplateForm(Form):
    """A template; whose it is is chosen once, when it is made."""

    scope = SelectField()
    title = NameField(render_kw={"maxlength": rule.TITLE_LIMIT})
    category = SelectField()
    box = SelectField()
    text = TextAreaField(render_kw={"maxlength": rule.TEXT_LIMIT})


@bp.get("/templates")
@route_access("templates")
@requires("templates")
def index() -> ResponseReturnValue:
    """All that one sees, grouped by whose they are; `?q=` looks for words in them."""
    actor, asked = current_actor(), request.args.get("q", "").strip()[:60]
    labels, categories = words_day.template_scopes(), queue_page.category_labels(db.session())
    found = templates.listed(db.session(), actor, asked)
    groups = [
        {
            "label": labels[scope], "keeps": rule.may_keep(actor, scope), "n": sum(row.scope == scope for row in found),
            "new_href": url_for("templates.new", scope=scope), "most": rule.MOST[scope],
            "rows": [_row(row, actor, categories) for row in found if row.scope == scope],
        }
        for scope in _scopes(actor)
    ]  # fmt: skip
    notice = {"saved": _("Saved"), "deleted": _("The template is deleted.")}.get(request.args.get("done", ""), "")
    return render_template("templates.html", groups=groups, q=asked, notice=notice, rail=_rail(actor))


@bp.get("/templates/new")
@route_access("templates")
@requires("templates")
def new() -> ResponseReturnValue:
    """The form of a new one."""
    actor = current_actor()
    form = _form(actor, None)
    form.scope.data = request.args.get("scope", "") or _kept(actor)[0]
    return _page(actor, form, None)


@bp.post("/templates")
@route_access("templates")
@requires("templates")
def create() -> ResponseReturnValue:
    """Keep a new one."""
    actor = current_actor()
    form = _form(actor, request.form)
    scope = form.scope.data if form.scope.data in rule.SCOPES else ""
    if not scope:
        forms.mark(form, {"scope": "required"})
        return _page(actor, form, None), 422
    if not rule.may_keep(actor, scope):
        abort(403)
    try:
        templates.create(actor=actor, scope=scope, made=_made(form), now=clock.now())
    except Invalid as wrong:
        forms.mark(form, wrong.fields)
        return _page(actor, form, None), 422
    return redirect(url_for("templates.index", done="saved"), 303)


@bp.get("/templates/<int:template_id>")
@route_access("templates")
@requires("templates")
def show(template_id: int) -> ResponseReturnValue:
    """One template: its form for whoever may keep it, else its words."""
    actor = current_actor()
    row = templates.load(db.session(), actor, template_id)
    return _page(actor, _form(actor, None, row), row)


@bp.post("/templates/<int:template_id>")
@route_access("templates")
@requires("templates")
def save(template_id: int) -> ResponseReturnValue:
    """Change it; one that was changed meanwhile is shown beside what was typed."""
    actor = current_actor()
    row = templates.load(db.session(), actor, template_id)
    form, error, status = _form(actor, request.form, row), "", 422
    try:
        templates.change(
            actor=actor, template_id=template_id, version=_version(), made=_made(form), now=clock.now(),
        )  # fmt: skip
    except Invalid as wrong:
        forms.mark(form, wrong.fields)
    except Stale as stale:
        error, status = words.refused(stale), 409
    else:
        return redirect(url_for("templates.index", done="saved"), 303)
    return _page(actor, form, templates.load(db.session(), actor, template_id), error), status


@bp.post("/templates/<int:template_id>/delete")
@route_access("templates")
@requires("templates")
def delete(template_id: int) -> ResponseReturnValue:
    """Delete it, if it is still the one that was shown."""
    actor = current_actor()
    try:
        templates.remove(actor=actor, template_id=template_id, version=_version(), now=clock.now())
    except Stale as stale:
        row = templates.load(db.session(), actor, template_id)
        return _page(actor, _form(actor, None, row), row, words.refused(stale)), 409
    return redirect(url_for("templates.index", done="deleted"), 303)


def _version() -> int:
    return request.form.get("version", 0, type=int)


def _scopes(actor: Actor) -> list[str]:
    """What the page shows: an administrator has no own ones and no team that answers."""
    return [scope for scope in rule.SCOPES if actor.can("queue") or rule.may_keep(actor, scope)]


def _kept(actor: Actor) -> list[str]:
    return [scope for scope in rule.SCOPES if rule.may_keep(actor, scope)]


def _form(actor: Actor, data: Any, row: ReplyTemplate | None = None) -> Any:
    form = TemplateForm(data, obj=row)
    forms.choices(form.category, queue_page.category_labels(db.session()), _("Category"))
    form.category.choices[0] = ("", _("Every category"))
    forms.choices(form.box, words_day.template_boxes(), _("Where it is offered"))
    form.box.choices = form.box.choices[1:]
    labels = words_day.template_scopes()
    forms.choices(form.scope, {scope: labels[scope] for scope in _kept(actor)}, _("Whose it is"))
    forms.label(form, title=_("Title"), text=_("Text"))
    if row is not None:
        del form.scope
    return form


def _made(form: Any) -> TemplateIn:
    return TemplateIn(form.title.data or "", form.text.data or "", form.category.data or "", form.box.data or "")


def _row(row: ReplyTemplate, actor: Actor, categories: dict[str, str]) -> dict[str, Any]:
    where = words_day.template_boxes()[row.box] if row.box else ""
    return {
        "title": row.title, "text": row.text, "href": url_for("templates.show", template_id=row.id),
        "marks": [one for one in (categories.get(row.category, row.category), where) if one],
        "keeps": rule.may_keep(actor, row.scope),
    }  # fmt: skip


def _page(actor: Actor, form: Any, row: ReplyTemplate | None, error: str = "") -> str:
    keeps, stored = row is None or rule.may_keep(actor, row.scope), None
    if error and row is not None:
        stored = {"title": row.title, "text": row.text, "at": g.fmt.full(row.edited_at)[:16]}
    action = url_for("templates.save", template_id=row.id) if row else url_for("templates.create")
    return render_template(
        "template.html", form=form, row=row, error=error, keeps=keeps, action=action, names=words_day.names(),
        delete_href=url_for("templates.delete", template_id=row.id) if row else "", rail=_rail(actor), stored=stored,
        whose=words_day.template_scopes()[row.scope] if row else "",
    )  # fmt: skip


def _rail(actor: Actor) -> dict[str, Any]:
    if actor.can("queue"):
        return queue_page.rail(db.session(), actor, None, clock.now())
    return {"queues": [], "others": queue_page.others(actor)}
