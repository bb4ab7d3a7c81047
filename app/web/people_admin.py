"""The administrator's accounts: list, add, change, disable, one-use password links, import with a dry run."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form, SelectField, StringField

from app import clock
from app.domain import people_accounts as rule
from app.domain.errors import Invalid, NotAllowed
from app.domain.exports import harmless
from app.domain.people_accounts import AccountIn
from app.domain.roles import ROLES
from app.domain.trials import Trial
from app.extensions import db
from app.models import AccountLog
from app.services import password_links, people_admin
from app.services.password_links import Made
from app.web import admin, context, forms, list_files, queue_page, words, words_accounts
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.name_field import NameField

bp = Blueprint("people_admin", __name__)


class AccountForm(Form):
    """An account; the organisation by its code."""

    account = StringField(render_kw={"maxlength": "64"})
    name = NameField(render_kw={"maxlength": "60"})
    role = SelectField(validate_choice=False)
    organisation = StringField(render_kw={"maxlength": "32"})


def _form(start: AccountIn | None = None) -> AccountForm:
    form = AccountForm(request.form or None, data=vars(start) if start else None)
    form.role.choices = [("", ""), *((role, context.role_label(role)) for role in ROLES)]
    for field in form:
        field.label.text = words_accounts.fields()[field.name]
    return form


def _typed(form: AccountForm) -> AccountIn:
    return AccountIn(*(form[name].data or "" for name in rule.COLUMNS))


@bp.route("/admin/users", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """The accounts, searched for and page by page, and the form that adds one."""
    form, status = _form(), 200
    if request.method == "POST":
        try:
            user_id = people_admin.create(
                actor=current_actor(), typed=_typed(form), address=_address(), now=clock.now()
            )  # fmt: skip
            return redirect(url_for("people_admin.show", user_id=user_id, done="created"), 303)
        except Invalid as wrong:
            forms.mark(form, wrong.fields)
            status = 422
    asked = request.args.get("q", "").replace("\0", "").strip()[:64]
    found = people_admin.page(db.session(), words=asked, after=request.args.get("after", "").replace("\0", ""))
    rows = [
        {"id": user.id, "account": user.account, "name": user.name, "role": context.role_label(user.role),
         "house": f"{place.code} {_named(place)}", "seen": g.fmt.full(user.last_seen_at)[:16] if user.last_seen_at
         else "", "disabled": user.disabled_at is not None, "waits": not user.password_hash}
        for user, place in found[: people_admin.PAGE]
    ]  # fmt: skip
    more = ""
    if len(found) > people_admin.PAGE:
        more = url_for("people_admin.index", after=rows[-1]["account"], q=asked or None)
    page = render_template(
        "admin_people.html", **_frame(), rows=rows, form=form, opened=status != 200, next_href=more, asked=asked
    )
    return page, status


@bp.route("/admin/users/<int:user_id>", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def show(user_id: int) -> ResponseReturnValue:
    """One account: what it is, what can be done with it, and what was done."""
    user, place = people_admin.load(db.session(), user_id)
    form, status, error = _form(AccountIn(user.account, user.name, user.role, place.code)), 200, ""
    if request.method == "POST":
        try:
            people_admin.change(
                actor=current_actor(), user_id=user_id, typed=_typed(form), address=_address(), now=clock.now()
            )  # fmt: skip
            return redirect(url_for("people_admin.show", user_id=user_id, done="saved"), 303)
        except Invalid as wrong:
            forms.mark(form, wrong.fields)
            status = 422
        except NotAllowed as refused:
            status, error = 409, words.refused(refused)
    return _one(user_id, form=form, error=error), status


@bp.post("/admin/users/<int:user_id>/link")
@route_access("admin")
@requires("admin")
def link(user_id: int) -> ResponseReturnValue:
    """A one-use link for a new password, shown this once."""
    try:
        made = password_links.make(actor=current_actor(), user_id=user_id, address=_address(), now=clock.now())
    except NotAllowed:
        return _one(user_id, error=_("Your own password is changed on your account page")), 409
    return _one(user_id, made=made)


@bp.post("/admin/users/<int:user_id>/able")
@route_access("admin")
@requires("admin")
def able(user_id: int) -> ResponseReturnValue:
    """Disable the account, or enable it again."""
    on = request.form.get("on") == "1"
    verb = people_admin.enable if on else people_admin.disable
    try:
        verb(actor=current_actor(), user_id=user_id, address=_address(), now=clock.now())
    except NotAllowed as refused:
        return _one(user_id, error=words.refused(refused)), 409
    return redirect(url_for("people_admin.show", user_id=user_id, done="enabled" if on else "disabled"), 303)


@bp.route("/admin/users-import", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def take_in() -> ResponseReturnValue:
    """Import a CSV: first a dry run, then for good; one bad line stops all."""
    text, told, error = request.form.get("text", ""), None, ""
    if request.method == "POST":
        try:
            text = list_files.uploaded(rule.MOST_ROWS) or text
            if request.form.get("confirmed") == "1":
                people_admin.import_csv(actor=current_actor(), text=text, address=_address(), now=clock.now())
                return redirect(url_for("people_admin.index", done="imported"), 303)
            told = people_admin.trial(db.session(), rule.read_csv(text))
        except Invalid as wrong:
            error = list_files.refusal(wrong)
        except NotAllowed as refused:
            error = words.refused(refused)
        except UnicodeDecodeError:
            error = words.word(words.errors(), "not_text")
    page = render_template(
        "admin_people_import.html", **_frame(), text=text, told=told, bad=_bad(told), error=error,
        columns=list_files.columns(rule.COLUMNS, rule.EXAMPLE, rule.COLUMNS, "people_admin.template"),
        roles=[(role, context.role_label(role)) for role in ROLES],
    )  # fmt: skip
    return page, 422 if error or (told and told.bad) else 200


@bp.get("/admin/users-import/template.xlsx")
@route_access("admin")
@requires("admin")
def template() -> ResponseReturnValue:
    """The columns with an example, as an Excel sheet to fill in."""
    return list_files.template(rule.COLUMNS, rule.EXAMPLE, "accounts")


@bp.post("/admin/users-invite")
@route_access("admin")
@requires("admin")
def invite() -> ResponseReturnValue:
    """A table with a link for everybody who never had a password; each opens once, for a week."""
    made = password_links.invite(actor=current_actor(), address=_address(), now=clock.now())
    out = io.StringIO()
    writer = csv.writer(out)
    labels = words_accounts.fields()
    writer.writerow([labels["organisation"], labels["account"], labels["name"], _("Link"), _("Opens until")])
    for one, code in made:
        writer.writerow([*map(harmless, (code, one.account, one.name)), _href(one), g.fmt.full(one.expires_at)[:16]])
    answer = make_response("\ufeff" + out.getvalue())
    answer.headers["Content-Type"] = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = 'attachment; filename="invitations.csv"'
    return answer


def _one(user_id: int, *, form: AccountForm | None = None, made: Made | None = None, error: str = "") -> str:
    session = db.session()
    user, place = people_admin.load(session, user_id)
    form = form or _form(AccountIn(user.account, user.name, user.role, place.code))
    entries = [_entry(entry, who) for entry, who in people_admin.log(session, user_id)]
    return render_template(
        "admin_person.html", **_frame(), user=user, form=form, error=error, entries=entries,
        waits=not user.password_hash, own=user.id == current_actor().user_id, place=_named(place),
        link=_href(made) if made else "", until=g.fmt.full(made.expires_at)[:16] if made else "",
    )  # fmt: skip


def _entry(entry: AccountLog, who: str) -> dict[str, Any]:
    labels = words_accounts.fields()
    told = [f"{words.word(labels, k)}: {_shown(k, old)} → {_shown(k, new)}" for k, (old, new) in entry.detail.items()]
    return {
        "time": g.fmt.full(entry.at), "what": words.word(words_accounts.happened(), entry.what), "detail": told,
        "who": who or (_("the person") if entry.what == "password" else _("command line")), "address": entry.address,
    }  # fmt: skip


def _shown(field: str, value: str) -> str:
    return context.role_label(value) if field == "role" else value


def _bad(told: Trial | None) -> list[dict[str, Any]]:
    table, fields = words.errors(), words_accounts.fields()
    return [
        {"line": one.line, "code": one.code, "field": words.word(fields, one.field), "why": words.word(table, one.why)}
        for one in (told.bad if told else ())
    ]


def _href(made: Made) -> str:
    return url_for("password_links.show", secret=made.secret, _external=True)


def _named(place: Any) -> str:
    return str((place.name_en if g.fmt.english else "") or place.name)


def _frame() -> dict[str, Any]:
    notices = {
        "created": _("The account is made. Give the person a link: nobody else ever knows the password."),
        "saved": _("Saved"), "enabled": _("Enabled again"), "imported": _("Imported"),
        "disabled": _("Disabled. Open tickets are back with the team."),
    }  # fmt: skip
    notice = notices.get(request.args.get("done", ""), "") if request.method == "GET" else ""
    return {
        "tabs": admin.tabs(), "rail": {"queues": [], "others": queue_page.others(current_actor(), "admin.index")},
        "notice": notice,
    }  # fmt: skip


def _address() -> str:
    return request.remote_addr or ""
