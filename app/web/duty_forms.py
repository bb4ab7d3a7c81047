"""The forms of the duty page."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from wtforms import Form, PasswordField, SelectField, StringField
from wtforms.fields import DateField, TimeField

from app.services.duty import EntryIn
from app.web import words, words_duty
from app.web.context import translate as _
from app.web.name_field import NameField


class EntryForm(Form):
    """Who holds the phone when."""

    name = NameField()
    phone = StringField(render_kw={"inputmode": "tel"})
    when = SelectField(validate_choice=False)
    day = DateField()
    from_time = TimeField(format=["%H:%M", "%H:%M:%S"])
    until_time = TimeField(format=["%H:%M", "%H:%M:%S"])


class ManagerForm(Form):
    """The number behind the duty phone."""

    manager_phone = StringField(render_kw={"inputmode": "tel"})


class CourierForm(Form):
    """A courier or station that is told by SMS."""

    kind = SelectField(validate_choice=False)
    name = NameField()
    phone = StringField(render_kw={"inputmode": "tel"})


class RobotForm(Form):
    """A group robot by its webhook address and signing secret, which are never shown again."""

    name = NameField()
    address = PasswordField()
    secret = PasswordField()


def entry_form(data: Any = None) -> EntryForm:
    """An entry, every day from eight to eight at first."""
    form = EntryForm(data, data=None if data else {"from_time": time(8), "until_time": time(20)})
    form.when.choices = list(words_duty.when().items())
    _label(
        form, name=_("Name"), phone=_("Phone"), when=_("Days"), day=_("Day, for one day only"),
        from_time=_("On duty from"), until_time=_("Until (may be after midnight)"),
    )  # fmt: skip
    return form


def entry_of(form: EntryForm) -> EntryIn:
    """What was typed, as the service wants it; what is no time or date stays as text to be refused."""
    return EntryIn(
        name=form.name.data or "", phone=form.phone.data or "", when=form.when.data or "",
        from_time=_wall(form.from_time), until_time=_wall(form.until_time),
        day=form.day.data if isinstance(form.day.data, date) else None,
    )  # fmt: skip


def _wall(field: Any) -> str:
    if field.data is not None:
        return f"{field.data:%H:%M}"
    return str(field.raw_data[0]) if field.raw_data else ""


def manager_form(data: Any = None) -> ManagerForm:
    """The manager's number: write-only, an empty one takes it away."""
    form = ManagerForm(data)
    _label(form, manager_phone=_("Manager's phone"))
    return form


def courier_form(data: Any = None) -> CourierForm:
    """A courier of the list."""
    form = CourierForm(data)
    form.kind.choices = list(words_duty.kinds().items())
    _label(form, kind=_("Kind"), name=_("Name"), phone=_("Mobile number"))
    return form


def robot_form(data: Any = None) -> RobotForm:
    """A robot of the group."""
    form = RobotForm(data)
    _label(
        form, name=_("Name of the group"), address=_("Webhook address"),
        secret=_("Signing secret (DingTalk, Feishu; empty: none)"),
    )  # fmt: skip
    return form


def mark(form: Form, errors: dict[str, str]) -> None:
    """Put error codes beside their fields in words."""
    table = words.errors() | words_duty.errors()
    for field in form:
        field.errors = []
    for name, code in errors.items():
        if name in form:
            form[name].errors = [words.word(table, code)]


def _label(form: Form, **labels: str) -> None:
    for name, label in labels.items():
        form[name].label.text = label
