"""The administrator's organisations: list and search, add, change, and a list from Excel that is tried out first."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField, Form, SelectField, StringField

from app import clock
from app.domain import organisation_rows as rows_rule
from app.domain import organisations as rule
from app.domain.errors import Invalid
from app.domain.masking import mask_phone
from app.domain.organisation_plan import Fault
from app.domain.organisations import Entry
from app.extensions import db
from app.integrations import sheets, sheets_in
from app.integrations.sheets_in import BadSheet
from app.services import administration, organisation_admin
from app.services.organisation_admin import Trial
from app.web import admin, carried, queue_page, words, words_admin, words_duty, words_kinds
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.carried import Room
from app.web.context import translate as _
from app.web.name_field import NameField

bp = Blueprint("organisations", __name__)
ROOM = Room(organisation_admin.MOST + 1, 1_900_000, 12_000_000)
SHOWN = 200  # faults on one page
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADS = tuple(names[0] for names in rows_rule.COLUMNS.values())  # of the template; any name of COLUMNS is read


class PlaceForm(Form):
    """An organisation; superior and deputy by their codes."""

    code = StringField(render_kw={"maxlength": rule.CODE_LIMIT})
    kind = SelectField(validate_choice=False)
    name = NameField(render_kw={"maxlength": rule.NAME_LIMIT})
    name_en = NameField(render_kw={"maxlength": rule.NAME_EN_LIMIT})
    superior = StringField(render_kw={"maxlength": rule.CODE_LIMIT})
    address_prefix = StringField(render_kw={"maxlength": rule.PREFIX_LIMIT})
    duty_phone = StringField(render_kw={"inputmode": "tel", "maxlength": 20})
    manager_phone = StringField(render_kw={"inputmode": "tel", "maxlength": 20})
    deputy = StringField(render_kw={"maxlength": rule.CODE_LIMIT})
    onboarded_from = DateField(render_kw={"type": "date"})
    closed_from = DateField(render_kw={"type": "date"})


def form_of(data: Any = None, start: Entry | None = None) -> PlaceForm:
    """The form, empty, with what was typed, or with an organisation; the code of a known one is not in it."""
    shown = {} if start is None else {name: mask_phone(getattr(start, name)) for name in rows_rule.PHONES}
    form = PlaceForm(data, data=None if data is not None or start is None else {**vars(start), **shown})
    for field in form:
        field.label.text = words_admin.fields()[field.name]
    form.kind.choices = [("", _("Please choose")), *words_admin.kinds().items()]
    if start is not None:
        del form.code
    return form


def _cells(form: PlaceForm) -> dict[str, str]:
    return {field.name: str(request.form.get(field.name, "")) for field in form}


@bp.route("/admin/organisations", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """The organisations by their codes, and the form that adds one."""
    form, status = form_of(request.form if request.method == "POST" else None), 200
    if request.method == "POST":
        try:
            code = organisation_admin.save(actor=current_actor(), cells=_cells(form), now=clock.now())
            return redirect(url_for("organisations.index", done="1", q=code), 303)
        except Invalid as wrong:
            _mark(form, wrong.fields)
            status = 422
    asked = request.args.get("q", "").strip()[:80]
    found = administration.organisations(db.session(), request.args.get("after", "")[:32], asked)
    rows = [_row(place, superior) for place, superior in found[: administration.PAGE]]
    more = url_for("organisations.index", after=rows[-1]["code"], q=asked or None) if len(found) > len(rows) else None
    page = render_template(
        "admin_organisations.html", **_frame(), rows=rows, form=form, opened=status != 200, next_href=more, q=asked
    )
    return page, status


@bp.route("/admin/organisations/<code>", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def edit(code: str) -> ResponseReturnValue:
    """One organisation."""
    known, status = organisation_admin.entry(db.session(), code), 200
    form = form_of(request.form if request.method == "POST" else None, known)
    if request.method == "POST":
        try:
            organisation_admin.save(actor=current_actor(), cells=_cells(form), now=clock.now(), known=code)
            return redirect(url_for("organisations.index", done="1", q=code), 303)
        except Invalid as wrong:
            _mark(form, wrong.fields)
            status = 422
    return render_template("admin_organisation.html", **_frame(), form=form, code=code, title=known.name), status


@bp.route("/admin/organisations-import", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def take_in() -> ResponseReturnValue:
    """Try a list out; the second button stores it, all or nothing."""
    if request.method == "GET":
        return _import()
    try:
        rows = carried.rows(lambda data: sheets_in.table_of(data, organisation_admin.MOST + 1), ROOM)
    except BadSheet as error:
        return _import(error=words.word(words_kinds.sheet_faults() | words_admin.errors(), error.code)), 422
    if request.form.get("confirmed") == "1":
        try:
            return _stored(organisation_admin.store(actor=current_actor(), rows=rows, now=clock.now()))
        except Invalid:
            pass  # somebody changed the tree meanwhile, or it was never good: below stands what is wrong now
    told = organisation_admin.tried(db.session(), rows)
    return _import(told, "" if told.faults else carried.pack(rows)), 422 if told.faults else 200


def _heads() -> list[str]:
    """The columns as the page names them: in English with the Chinese heading that stands in the template."""
    labels = words_admin.fields()
    return [
        f"{labels[name]} ({names[0]})" if g.fmt.english else names[0] for name, names in rows_rule.COLUMNS.items()
    ]  # fmt: skip


@bp.get("/admin/organisations-import/template.<kind>")
@route_access("admin")
@requires("admin")
def template(kind: str) -> ResponseReturnValue:
    """The headings with some examples, as a sheet to fill in: Excel, or CSV for everything else."""
    if kind == "xlsx":
        found = Response(sheets.blank_xlsx(HEADS, rows_rule.EXAMPLES), mimetype=XLSX)
    else:
        found = Response(sheets.blank_csv(HEADS, rows_rule.EXAMPLES), mimetype="text/csv")
    found.headers["Content-Disposition"] = f"attachment; filename=organisations.{'xlsx' if kind == 'xlsx' else 'csv'}"
    return found


def _stored(told: Trial) -> ResponseReturnValue:
    at = url_for("organisations.index", added=told.added, changed=told.changed, unchanged=told.unchanged)
    return redirect(at, 303)


def _import(told: Trial | None = None, packed: str = "", error: str = "") -> str:
    faults = told.faults if told else ()
    return render_template(
        "admin_organisations_import.html", **_frame(), told=told, carried=packed, error=error, n=len(faults),
        bad=[_fault(one) for one in faults[:SHOWN]], left=max(0, len(faults) - SHOWN), heads=_heads(),
        most=organisation_admin.MOST,
    )  # fmt: skip


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "line": fault.n, "field": words.word(words_admin.fields(), fault.column), "why": _why(fault.code),
        "typed": fault.typed[:60],
    }  # fmt: skip


def _why(code: str) -> str:
    table = words.errors() | words_duty.errors() | words_kinds.sheet_faults() | words_admin.errors()
    return words.word(table, code)


def _mark(form: PlaceForm, errors: dict[str, str]) -> None:
    for name, code in errors.items():
        form[name].errors = [_why(code)]


def _row(place: Any, superior: str) -> dict[str, Any]:
    closed = place.closed_from
    return {
        "code": place.code, "name": place.name, "name_en": place.name_en, "superior": superior or "—",
        "kind": words.word(words_admin.kinds(), place.kind),
        "phone": mask_phone(place.duty_phone) if place.duty_phone else "—",
        "closed": _("closed from %(day)s", day=g.fmt.date(closed)) if closed else "",
    }  # fmt: skip


def _frame() -> dict[str, Any]:
    return {
        "tabs": admin.tabs(), "notice": _notice(),
        "rail": {"queues": [], "others": queue_page.others(current_actor(), "admin.index")},
    }  # fmt: skip


def _notice() -> str:
    if request.method != "GET":
        return ""
    added, changed, unchanged = (request.args.get(name, type=int) for name in ("added", "changed", "unchanged"))
    if added is not None and changed is not None and unchanged is not None:
        return _("Imported: %(added)s added, %(changed)s changed, %(unchanged)s as before.",
                 added=added, changed=changed, unchanged=unchanged)  # fmt: skip
    return _("Saved") if request.args.get("done") else ""
