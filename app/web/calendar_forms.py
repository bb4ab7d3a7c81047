"""The forms of the calendars' pages. Fields are an allow-list; the services check the rules."""

from __future__ import annotations

from datetime import date
from typing import Any

from wtforms import BooleanField, DateField, FileField, Form, SelectField, StringField, TextAreaField

from app.web import words, words_clocks
from app.web.context import translate as _
from app.web.name_field import NameField


class HoursForm(Form):
    """A calendar's hours and labels; the name is asked for a new one alone."""

    name = NameField()
    label = NameField()
    label_en = NameField()
    spans = StringField()
    working_days_only = BooleanField()


class DayForm(Form):
    """One day that differs from its weekday."""

    day = DateField()
    working = SelectField(validate_choice=False)
    name = NameField()


FILE_LIMIT = 64 * 1024  # bytes; a year's days are a few hundred


class YearForm(Form):
    """A year's days, pasted or as a file."""

    text = TextAreaField()
    file = FileField()


def hours_form(data: Any = None, start: dict[str, Any] | None = None) -> HoursForm:
    """A calendar's form, from what was typed or from what is stored."""
    form = HoursForm(data, data=start)
    _label(form, name=_("Name in policies"), label=_("Chinese label"), label_en=_("English label"), spans=_("Hours"),
           working_days_only=_("On working days only"))  # fmt: skip
    form.spans.render_kw = {"placeholder": "08:00-12:00 13:30-20:00"}
    return form


def day_form(year: int, data: Any = None) -> DayForm:
    """The form of one day."""
    form = DayForm(data)
    form.working.choices = [("holiday", _("holiday")), ("working", _("make-up working day"))]
    form.day.render_kw = {"min": date(year, 1, 1).isoformat(), "max": date(year, 12, 31).isoformat()}
    _label(form, day=_("Day"), working=_("Kind"), name=_("Name of the holiday"))
    return form


def year_form(year: int, data: Any = None, start: dict[str, Any] | None = None) -> YearForm:
    """The form of a year's rows."""
    form = YearForm(data, data=start)
    form.text.render_kw = {"placeholder": f"{year}-01-01,holiday,元旦\n{year}-01-04,working,元旦调休"}
    form.file.render_kw = {"data-bytes": FILE_LIMIT, "data-too-large": words_clocks.errors()["days_too_large"]}
    _label(form, text=_("Rows: date, working or holiday, name"), file=_("or a CSV file"))
    return form


def mark(form: Form, errors: dict[str, str]) -> None:
    """Put error codes beside their fields in words."""
    table = words_clocks.errors()
    for name, code in errors.items():
        if name in form:
            form[name].errors = [words.word(table, code)]


def _label(form: Form, **labels: str) -> None:
    for name, label in labels.items():
        form[name].label.text = label
