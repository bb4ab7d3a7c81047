"""The form that announces an emergency."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, DateTimeLocalField, Form, SelectField, StringField, TextAreaField

from app.domain.customers import LIMITS
from app.services.emergencies import AnnounceIn
from app.web import forms, words_emergency
from app.web.context import translate as _
from app.web.forms import TIME_FORMATS
from app.web.name_field import NameField


class AnnounceForm(Form):
    """Where, from when to when, and what changes; the limits are added below."""

    name = NameField(render_kw={"maxlength": "60"})
    area = SelectField(validate_choice=False)
    from_at = DateTimeLocalField(format=TIME_FORMATS)
    until_at = DateTimeLocalField(format=TIME_FORMATS)
    pauses = BooleanField()
    duty_list = TextAreaField()
    checklist = TextAreaField()


def announce_form(places: list[tuple[str, str]], data: Any = None) -> AnnounceForm:
    """The form with a field in minutes for each limit that may differ."""
    fields = {f"limit-{name}": StringField(render_kw={"inputmode": "numeric"}) for name in LIMITS}
    form: AnnounceForm = type("BoundAnnounceForm", (AnnounceForm,), fields)(data)
    form.area.choices = places
    labels = {
        "name": _("Name, e.g. Double Eleven"), "area": _("Area"), "from_at": _("From"), "until_at": _("Until"),
        "pauses": _("The site clocks that run stand still in this period"), "duty_list": _("Duty list"),
        "checklist": _("Checklist, one line each"),
    }  # fmt: skip
    labels |= {f"limit-{name}": label for name, label in words_emergency.limits().items()}
    for name, label in labels.items():
        form[name].label.text = label
    return form


def period_of(form: AnnounceForm) -> AnnounceIn:
    """What was typed, as the service wants it."""
    return AnnounceIn(
        name=form.name.data or "", area=form.area.data or "", from_at=forms.instant(form.from_at),
        until_at=forms.instant(form.until_at), pauses=bool(form.pauses.data), duty_list=form.duty_list.data or "",
        limits={name: form[f"limit-{name}"].data or "" for name in LIMITS},
        checklist=(form.checklist.data or "").splitlines(),
    )  # fmt: skip
