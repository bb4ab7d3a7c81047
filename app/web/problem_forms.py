"""The forms of problem parcels: a report with the fields of its type, and the combined query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import g
from wtforms import DateField, Form, HiddenField, MultipleFileField, SelectField, StringField, TextAreaField
from wtforms.fields.core import Field as Input

from app.domain import problems as rule
from app.domain.errors import Invalid
from app.domain.problems import Field, ProblemType
from app.domain.waybills import pasted
from app.services.problem_list import STATES, Asked
from app.services.problems import ReportIn
from app.web import forms, words_problems
from app.web.context import translate as _
from app.web.name_field import NameField

SITES = {"list": "problem-sites"}  # organisations that the parcel has seen
NO_TYPE = ProblemType("", "", "")  # before any type is set up: a form that names no fields, and refuses


class ReportForm(Form):
    """What every report has; `field-…` inputs are added for its type. `shown` is the type whose fields were shown."""

    type = SelectField(validate_choice=False)
    shown = HiddenField()
    waybill = StringField()
    site = StringField(render_kw=SITES)
    courier = NameField()
    text = TextAreaField()
    file = MultipleFileField(render_kw={"accept": "image/jpeg,image/png,image/webp"})


class QueryForm(Form):
    """The combined query."""

    waybill = StringField()
    type = SelectField(validate_choice=False)
    state = SelectField(validate_choice=False)
    courier = NameField()
    reporter = StringField()
    site = StringField()
    since = DateField()
    until = DateField()


def report_form(types: Sequence[ProblemType], data: Any = None, first: Mapping[str, str] | None = None) -> Any:
    """A report's form with the fields of the type that it names, else of the first."""
    code = (data or first or {}).get("type", "")
    kind = next((one for one in types if one.code == code), types[0] if types else NO_TYPE)
    inputs = {f"field-{one.name}": _input(one) for one in kind.fields}
    start = None if data else {**(first or {}), "type": kind.code, "shown": kind.code}
    form = type("BoundReportForm", (ReportForm,), inputs)(data, data=start)
    form.type.choices = [(one.code, _name(one)) for one in types]
    photos = _("Photos, at least %(n)s, at most 9", n=kind.photos) if kind.photos else _("Photos, up to 9")
    forms.label(
        form, type=_("Type"), waybill=_("Waybill"), site=_("Site that must act (code or name)"), courier=_("Courier"),
        text=_("What is wrong with the parcel"), file=photos,
    )  # fmt: skip
    return form


def report_of(form: Any) -> ReportIn:
    """What the form says."""
    values = {name.removeprefix("field-"): str(form[name].raw_data[0] if form[name].raw_data else "")
              for name in form.data if name.startswith("field-")}  # fmt: skip
    return ReportIn(
        type=form.type.data or "", waybill=form.waybill.data or "", site=form.site.data or "",
        text=form.text.data or "", courier=form.courier.data or "", values=values,
    )  # fmt: skip


def query_form(types: Sequence[ProblemType], data: Any = None) -> QueryForm:
    """The query's form."""
    form = QueryForm(data)
    form.type.choices = [("", _("All types")), *((one.code, _name(one)) for one in types)]
    form.state.choices = [("", _("All states")), *words_problems.states().items()]
    forms.label(
        form, waybill=_("Waybills"), type=_("Type"), state=_("State"), courier=_("Courier"),
        reporter=_("Reporting site (code)"), site=_("Handling site (code)"), since=_("From"), until=_("Until"),
    )  # fmt: skip
    return form


def asked(given: Mapping[str, str]) -> Asked:
    """What an address asks for, through an allow-list; what cannot be read asks for nothing."""
    try:
        waybills = pasted(given.get("waybill", "")).numbers
    except Invalid:
        waybills = ()
    state, side = given.get("state", ""), given.get("side", "")
    return Asked(
        waybills=waybills, courier=given.get("courier", "").strip()[:60], type=given.get("type", "")[:24],
        state=state if state in STATES else "", side=side if side in ("to_us", "by_us") else "",
        reporter=given.get("reporter", "").strip()[:32], site=given.get("site", "").strip()[:32],
        since=_day(given.get("since", "")), until=_day(given.get("until", "")), after=given.get("after", "")[:80],
    )  # fmt: skip


def address_of(query: Asked) -> dict[str, str]:
    """The same as a part of an address, without the page."""
    days = {"since": query.since, "until": query.until}
    named = {
        "waybill": " ".join(query.waybills), "courier": query.courier, "type": query.type, "state": query.state,
        "side": query.side, "reporter": query.reporter, "site": query.site,
        **{name: day.isoformat() for name, day in days.items() if day},
    }  # fmt: skip
    return {name: value for name, value in named.items() if value}


def _input(one: Field) -> Input:
    label = (one.label_en if g.fmt.english else one.label) or one.name
    label = label if one.required else _("%(label)s (optional)", label=label)
    if one.kind == rule.CHOICE:
        choices = [
            ("", _("Please choose")),
            *((code, one.english(code) if g.fmt.english else code) for code in one.options),
        ]
        return SelectField(label, choices=choices, validate_choice=False)
    if one.kind == rule.DAY:
        return DateField(label)
    return StringField(label, render_kw={"inputmode": "decimal"} if one.kind == rule.NUMBER else {})


def _name(one: ProblemType) -> str:
    return one.name_en if g.fmt.english else one.name


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None
