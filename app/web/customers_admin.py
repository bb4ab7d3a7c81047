"""The administrator's customer accounts: list, add, edit, import with a dry run that names each bad line."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, Form, StringField, TextAreaField

from app import clock
from app.domain import customers as rule
from app.domain.customers import LIMITS, AccountIn
from app.domain.errors import Invalid
from app.domain.trials import Trial
from app.extensions import db
from app.services import customers
from app.web import admin, forms, list_files, queue_page, words, words_customers, words_emergency
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.name_field import NameField

bp = Blueprint("customers", __name__)


class AccountForm(Form):
    """An account; the limits are added below."""

    code = StringField(render_kw={"maxlength": "32"})
    name = NameField(render_kw={"maxlength": "80"})
    tier = StringField(render_kw={"maxlength": "16"})
    active = BooleanField()
    phones = TextAreaField()
    prefixes = TextAreaField()
    names = TextAreaField()
    requirements = TextAreaField()


def account_form(data: Any = None, start: AccountIn | None = None) -> AccountForm:
    """The form, empty, with what was typed, or with an account."""
    fields = {f"limit-{name}": StringField(render_kw={"inputmode": "numeric"}) for name in LIMITS}
    begin: dict[str, Any] = {"active": True}
    if start is not None:
        begin = {**vars(start), **{f"limit-{name}": text for name, text in start.limits.items()}}
    form: AccountForm = type("BoundAccountForm", (AccountForm,), fields)(data, data=None if data else begin)
    labels = words_customers.fields() | {f"limit-{n}": label for n, label in words_emergency.limits().items()}
    for field in form:
        field.label.text = labels[field.name]
    return form


def _typed(form: AccountForm) -> AccountIn:
    texts = {n: form[n].data or "" for n in ("code", "name", "tier", "requirements", "phones", "prefixes", "names")}
    limits = {name: form[f"limit-{name}"].data or "" for name in LIMITS}
    return AccountIn(**texts, limits=limits, active=bool(form.active.data))


@bp.route("/admin/customers", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """The accounts, and the form that adds one."""
    form, status = account_form(request.form or None), 200
    if request.method == "POST":
        try:
            customers.save(actor=current_actor(), account=_typed(form), now=clock.now())
            return redirect(url_for("customers.index", done="1"), 303)
        except Invalid as wrong:
            forms.mark(form, wrong.fields)
            status = 422
    found = customers.page(db.session(), request.args.get("after", ""))
    rows = [
        {"code": row.code, "name": row.name, "tier": row.tier, "n": n, "active": row.active,
         "limits": _limits(row.limits), "changed": g.fmt.full(row.changed_at)}
        for row, n in found[: customers.PAGE]
    ]  # fmt: skip
    more = url_for("customers.index", after=rows[-1]["code"]) if len(found) > customers.PAGE else None
    page = render_template(
        "admin_customers.html", **_frame(), rows=rows, form=form, opened=status != 200, next_href=more
    )
    return page, status


@bp.route("/admin/customers/<code>", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def edit(code: str) -> ResponseReturnValue:
    """One account."""
    session, status = db.session(), 200
    row = customers.load(session, code)
    form = account_form(request.form or None, customers.typed(session, row))
    if request.method == "POST":
        try:
            customers.save(actor=current_actor(), account=_typed(form), now=clock.now(), known=code)
            return redirect(url_for("customers.index", done="1"), 303)
        except Invalid as wrong:
            forms.mark(form, wrong.fields)
            status = 422
    return render_template("admin_customer.html", **_frame(), form=form, code=code), status


@bp.route("/admin/customers-import", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def take_in() -> ResponseReturnValue:
    """Import a CSV: first a dry run, then for good; one bad line stops all."""
    text, told, error = request.form.get("text", ""), None, ""
    if request.method == "POST":
        try:
            text = list_files.uploaded(rule.MOST_ROWS) or text
            if request.form.get("confirmed") == "1":
                customers.import_csv(actor=current_actor(), text=text, now=clock.now())
                return redirect(url_for("customers.index", done="1"), 303)
            told = customers.trial(db.session(), rule.read_csv(text))
        except Invalid as wrong:
            error = list_files.refusal(wrong)
        except UnicodeDecodeError:
            error = words.word(words.errors(), "not_text")
    page = render_template(
        "admin_customers_import.html", **_frame(), text=text, told=told, bad=_bad(told), error=error,
        columns=list_files.columns(rule.COLUMNS, rule.EXAMPLE, ("code", "name"), "customers.template"),
    )  # fmt: skip
    return page, 422 if error or (told and told.bad) else 200


@bp.get("/admin/customers-import/template.xlsx")
@route_access("admin")
@requires("admin")
def template() -> ResponseReturnValue:
    """The columns with an example, as an Excel sheet to fill in."""
    return list_files.template(rule.COLUMNS, rule.EXAMPLE, "customers")


def _bad(told: Trial | None) -> list[dict[str, Any]]:
    table, fields = words.errors(), words_customers.fields()
    labels = fields | {f"limit-{name}": label for name, label in words_emergency.limits().items()}
    return [
        {"line": one.line, "code": one.code, "field": words.word(labels, one.field), "why": words.word(table, one.why)}
        for one in (told.bad if told else ())
    ]


def _limits(limits: dict[str, int]) -> str:
    labels = words_emergency.limits()
    return " · ".join(f"{words.word(labels, name)} {g.fmt.span(minutes * 60)}" for name, minutes in limits.items())


def _frame() -> dict[str, Any]:
    notice = _("Saved") if request.args.get("done") and request.method == "GET" else ""
    return {
        "tabs": admin.tabs(), "rail": {"queues": [], "others": queue_page.others(current_actor(), "admin.index")},
        "notice": notice,
    }  # fmt: skip
