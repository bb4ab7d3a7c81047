"""Calendars: their hours, and the holidays and make-up days of a year, one by one or pasted."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.calendar_text import BadRow, Day, days_text, parse_date, parse_days, spans_text
from app.domain.calendars import local_date
from app.domain.errors import Invalid, NotFound
from app.extensions import db
from app.services import calendar_admin, calendars
from app.services.calendar_admin import HoursIn, Named
from app.web import admin, calendar_forms, queue_page, words, words_clocks
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("calendars", __name__)
YEARS = range(2010, 2101)


@bp.app_template_global()
def missing_years() -> list[int]:
    """The years whose days are needed and not stored; the administrator's pages say so."""
    return calendars.missing_years(db.session(), clock.now())


@bp.get("/admin/calendars")
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """Every calendar, the years with their days, and the form for a new calendar."""
    return _index()


@bp.post("/admin/calendars")
@route_access("admin")
@requires("admin")
def add() -> ResponseReturnValue:
    """A new calendar."""
    form = calendar_forms.hours_form(request.form)
    try:
        calendar_admin.add(
            actor=current_actor(), name=(form.name.data or "").strip(), hours=_hours(form), now=clock.now()
        )  # fmt: skip
    except Invalid as wrong:
        calendar_forms.mark(form, wrong.fields)
        return _index(form), 422
    return redirect(url_for("calendars.index", done="saved"), 303)


@bp.get("/admin/calendars/<name>")
@route_access("admin")
@requires("admin")
def show(name: str) -> ResponseReturnValue:
    """One calendar: its hours to edit and what they were."""
    return _calendar(_named(name))


@bp.post("/admin/calendars/<name>")
@route_access("admin")
@requires("admin")
def change(name: str) -> ResponseReturnValue:
    """Other hours from now on."""
    form = calendar_forms.hours_form(request.form)
    try:
        calendar_admin.change(actor=current_actor(), name=name, hours=_hours(form), now=clock.now())
    except Invalid as wrong:
        calendar_forms.mark(form, wrong.fields)
        return _calendar(_named(name), form), 422
    return redirect(url_for("calendars.index", done="saved"), 303)


@bp.get("/admin/calendars/days/<int:year>")
@route_access("admin")
@requires("admin")
def days(year: int) -> ResponseReturnValue:
    """The days of a year."""
    return _year(_asked(year))


@bp.post("/admin/calendars/days/<int:year>")
@route_access("admin")
@requires("admin")
def put_day(year: int) -> ResponseReturnValue:
    """Add a day, or change the one that is there."""
    form = calendar_forms.day_form(_asked(year), request.form)
    wrong = {}
    try:
        day = parse_date(request.form.get("day", ""))
        if day.year != year:
            wrong["day"] = "other_year"
    except ValueError as error:
        wrong["day"] = str(error)
    if form.working.data not in ("working", "holiday"):
        wrong["working"] = "required"
    try:
        if wrong:
            raise Invalid(wrong)
        one = Day(day, form.working.data == "working", (form.name.data or "").strip())
        calendar_admin.put_day(actor=current_actor(), day=one, now=clock.now())
    except Invalid as error:
        calendar_forms.mark(form, error.fields)
        return _year(year, day=form), 422
    return redirect(url_for("calendars.days", year=year, done="saved"), 303)


@bp.post("/admin/calendars/days/<int:year>/remove")
@route_access("admin")
@requires("admin")
def drop_day(year: int) -> ResponseReturnValue:
    """Let the weekday decide again; a day that is gone already is gone."""
    try:
        day = parse_date(request.form.get("day", ""))
    except ValueError:
        abort(422)
    try:
        calendar_admin.drop_day(actor=current_actor(), day=day, now=clock.now())
    except NotFound:
        db.session.rollback()
    return redirect(url_for("calendars.days", year=_asked(year), done="saved"), 303)


@bp.post("/admin/calendars/days/<int:year>/import")
@route_access("admin")
@requires("admin")
def import_days(year: int) -> ResponseReturnValue:
    """Pasted rows or a file: a dry run that names each bad row, then, confirmed, the year has exactly these days."""
    form = calendar_forms.year_form(_asked(year), request.form)
    try:
        form.text.data = _uploaded() or form.text.data or ""
    except UnicodeDecodeError:
        calendar_forms.mark(form, {"file": "unreadable"})
        return _year(year, bulk=form), 422
    except Invalid as wrong:
        calendar_forms.mark(form, wrong.fields)
        return _year(year, bulk=form), 422
    found, bad = parse_days(form.text.data, year)
    if bad or not found:
        if not bad:
            calendar_forms.mark(form, {"text": "required"})
        return _year(year, bulk=form, bad=bad), 422
    if request.form.get("do") != "store":
        said = calendar_admin.year_change(db.session(), year, found)
        return _year(year, bulk=form, said=said)
    try:
        calendar_admin.store_year(actor=current_actor(), year=year, days=found, now=clock.now())
    except Invalid as wrong:
        calendar_forms.mark(form, wrong.fields)
        return _year(year, bulk=form), 422
    return redirect(url_for("calendars.days", year=year, done="saved"), 303)


def _uploaded() -> str:
    """The text of an attached file: UTF-8, or GB 18030 as spreadsheets write it in China. Raises UnicodeDecodeError,
    Invalid(file)."""
    file = request.files.get("file")
    data = file.read(calendar_forms.FILE_LIMIT + 1) if file else b""
    if len(data) > calendar_forms.FILE_LIMIT:
        raise Invalid({"file": "days_too_large"})
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _asked(year: int) -> int:
    return year if year in YEARS else abort(404)


def _named(name: str) -> Named:
    return next((one for one in calendar_admin.listed(db.session()) if one.name == name), None) or abort(404)


def _hours(form: calendar_forms.HoursForm) -> HoursIn:
    label, label_en, spans = (form[name].data or "" for name in ("label", "label_en", "spans"))
    return HoursIn(label, label_en, spans, bool(form.working_days_only.data))


# --- what the pages show ---


def _frame() -> dict[str, Any]:
    notice = _("Saved") if request.args.get("done") and request.method == "GET" else ""
    return {
        "tabs": admin.tabs(), "rail": {"queues": [], "others": queue_page.others(current_actor(), "admin.index")},
        "notice": notice,
    }  # fmt: skip


def _index(form: calendar_forms.HoursForm | None = None) -> str:
    session, this = db.session(), local_date(clock.now()).year
    years = [
        {"year": year, "n": len(calendars.days_of(session, year)), "href": url_for("calendars.days", year=year)}
        for year in range(this - 1, this + 3)
    ]
    return render_template(
        "admin_calendars.html", **_frame(), rows=[_row(one) for one in calendar_admin.listed(session)], years=years,
        form=form or calendar_forms.hours_form(),
    )  # fmt: skip


def _row(one: Named) -> dict[str, Any]:
    return {
        "name": one.name, "label": words_clocks.label(one), "hours": spans_text(one.calendar.spans),
        "days": _("working days only") if one.calendar.working_days_only else _("every day"),
        "since": g.fmt.full(one.since) if one.since else "—", "href": url_for("calendars.show", name=one.name),
    }  # fmt: skip


def _calendar(one: Named, form: calendar_forms.HoursForm | None = None) -> str:
    start = {
        "label": one.label, "label_en": one.label_en, "spans": spans_text(one.calendar.spans),
        "working_days_only": one.calendar.working_days_only,
    }  # fmt: skip
    former = [
        {"since": g.fmt.full(row.valid_from) if row.valid_from > calendars.BEGINNING else "—",
         "hours": spans_text(calendars.calendar_of(row, {}).spans),
         "days": _("working days only") if row.working_days_only else _("every day")}
        for row in one.former
    ]  # fmt: skip
    return render_template(
        "admin_calendar.html", **_frame(), one=_row(one), former=former,
        form=form or calendar_forms.hours_form(start=start),
        fixed=one.name == calendar_admin.FIXED,
    )  # fmt: skip


def _year(year: int, *, day: calendar_forms.DayForm | None = None, bulk: calendar_forms.YearForm | None = None,
          bad: list[BadRow] | None = None,
          said: calendar_admin.YearChange | None = None) -> str:  # fmt: skip
    table = words_clocks.errors()
    stored = calendars.days_of(db.session(), year)
    offered = () if stored else calendars.published(year)
    bulk = bulk or calendar_forms.year_form(year, start={"text": days_text(offered)})
    return render_template(
        "admin_calendar_days.html", **_frame(), year=year, rows=[_day(row) for row in stored],
        day=day or calendar_forms.day_form(year),
        bulk=bulk, bad=[{"row": row.row, "text": row.text, "why": words.word(table, row.code)} for row in bad or []],
        said=_said(said) if said else None, offered=len(offered),
        before=url_for("calendars.days", year=year - 1) if year - 1 in YEARS else "",
        after=url_for("calendars.days", year=year + 1) if year + 1 in YEARS else "",
    )  # fmt: skip


def _day(row: Any) -> dict[str, Any]:
    return {
        "iso": row.day.isoformat(), "date": g.fmt.date(row.day), "weekday": words_clocks.weekday(row.day),
        "kind": _("make-up working day") if row.working else _("holiday"), "tone": "soon" if row.working else "good",
        "name": row.name,
    }  # fmt: skip


def _said(one: calendar_admin.YearChange) -> dict[str, Any]:
    parts = {_("New"): one.added, _("Changed"): one.changed, _("No longer there"): one.removed}
    return {
        "same": one.same,
        "parts": [{"label": label, "days": [_day(day) for day in found]} for label, found in parts.items() if found],
    }
