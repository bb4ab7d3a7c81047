"""The forms on a ticket. Fields are an allow-list; the services check the rules."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    Field,
    Form,
    MultipleFileField,
    SelectField,
    StringField,
    TextAreaField,
)

from app.domain.answers import AnswerField
from app.domain.errors import Invalid, Stale
from app.web import picture_words, words, words_duty, words_verify
from app.web.answer_groups import AnswerGroup
from app.web.context import translate as _
from app.web.name_field import NameField

SHANGHAI = ZoneInfo("Asia/Shanghai")
TIME_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
OTHERS = ("sender", "consignee")  # whom the form of a new ticket asks for beside the complainant
SITES = {"list": "sites"}  # the page's datalist of sites that may come into question


class FollowUpForm(Form):
    """A logged contact attempt with the time of the next news."""

    contact_outcome = SelectField()
    next_update_at = DateTimeLocalField(format=TIME_FORMATS)
    text = TextAreaField()
    file = MultipleFileField()


class ResultForm(Form):
    """The answer with its findings; `supplement-…` fields are added for what the platform's answers demand."""

    answer = SelectField(validate_choice=False)
    finding_signed_by = StringField()
    finding_courier = StringField()
    contact_outcome = SelectField()
    no_contact_code = SelectField()
    action_taken = SelectField()
    promise_what = SelectField()
    promise_due_at = DateTimeLocalField(format=TIME_FORMATS)
    promise_who = StringField()
    promise_text = StringField()
    text = TextAreaField()
    file = MultipleFileField()


class TextForm(Form):
    """One text with pictures: the internal note."""

    text = TextAreaField()
    file = MultipleFileField()


class CloseForm(Form):
    """Root cause and the tick that the answers were verified."""

    root_cause = SelectField()
    verified = BooleanField()


class RulingForm(Form):
    """CCS's ruling on an appeal."""

    ruling = SelectField()
    site_code = StringField(render_kw=SITES)
    text = TextAreaField()


class AssignForm(Form):
    """The site that a ticket of the tray goes to."""

    site_code = StringField(render_kw=SITES)


class NewTicketForm(Form):
    """A complaint entered by hand; the waybill comes first."""

    waybill = StringField()
    category = SelectField()
    channel = SelectField()
    complainant_kind = SelectField()
    name = NameField()
    phone = StringField()
    address = StringField()
    sender_name = StringField()
    sender_phone = StringField()
    sender_address = StringField()
    consignee_name = StringField()
    consignee_phone = StringField()
    consignee_address = StringField()
    text = TextAreaField()


def follow_up_form(data: Any = None) -> FollowUpForm:
    """A follow-up form with labels in the reader's language."""
    form = FollowUpForm(data)
    _choices(form.contact_outcome, words.contacts(), _("Contact with customer"))
    _label(form, next_update_at=_("Next news by"), text=_("What was found out"))
    return form


def result_form(groups: Sequence[AnswerGroup], data: Any = None) -> tuple[Form, Sequence[AnswerGroup]]:
    """A result form that asks each group of platform orders for its answer and the fields that it demands; the groups
    go along for reading it."""
    fields: dict[str, Any] = {}
    for group in groups:
        if group.key:
            fields[group.field("answer")] = SelectField(validate_choice=False)
        for name, field in group.demanded().items():
            fields[group.field(f"supplement-{name}")] = _supplement(field, group)
    form = type("BoundResultForm", (ResultForm,), fields)(data)
    if not any(group.key == "" for group in groups):
        del form.answer
    for group in groups:
        label = _("Answer to the platform") + (f" · {group.label}" if group.label else "")
        _choices(form[group.field("answer")], {a.value: a.label or a.value for a in group.answers}, label)
    _choices(form.contact_outcome, words.contacts(), _("Contact with customer"))
    _choices(form.no_contact_code, words_verify.no_contact_codes(), _("Why nobody can be reached"))
    form.no_contact_code.choices[0] = ("", "—")
    _choices(form.action_taken, words.measures(), _("What was done"))
    _choices(form.promise_what, words.promises(), _("Promise"))
    form.promise_what.choices[0] = ("", _("No promise"))
    _label(
        form, finding_signed_by=_("Who really signed"), finding_courier=_("Courier"), text=_("Reply to the customer"),
        promise_due_at=_("Promise due"), promise_who=_("Who keeps it"), promise_text=_("What exactly is promised"),
    )  # fmt: skip
    return form, groups


def _supplement(field: AnswerField, group: AnswerGroup) -> Any:
    """The input of one extra field; the page shows it with the answers that demand it."""
    demanding = [a.value for a in group.answers if any(f.name == field.name for f in a.fields)]
    shown = {"data-for": json.dumps(demanding), "data-of": group.field("answer")}
    label = field.label + (f" · {group.label}" if group.label else "")
    label = _("%(label)s (required)", label=label) if field.required else label
    if field.options:
        choices = [("", _("Please choose")), *((option, option) for option in field.options)]
        return SelectField(label, choices=choices, default=field.value, validate_choice=False, render_kw=shown)
    return StringField(label, default=field.value, render_kw=shown)


def answer_label() -> str:
    """What the text of an answer inside the house is called."""
    return _("Answer")


def text_form(label: str, data: Any = None) -> TextForm:
    """A form of one text."""
    form = TextForm(data)
    _label(form, text=label)
    return form


def close_form(data: Any = None) -> CloseForm:
    """The closing form."""
    form = CloseForm(data)
    _choices(form.root_cause, words.root_causes(), _("Root cause"))
    _label(form, verified=_("I have verified what the parties answered"))
    return form


def ruling_form(data: Any = None) -> RulingForm:
    """The ruling form."""
    form = RulingForm(data)
    _choices(form.ruling, words.rulings(), _("Ruling"))
    _label(form, site_code=_("Other site's code"), text=_("Reasons, sent to the platform"))
    return form


def assign_form(data: Any = None) -> AssignForm:
    """The form of the tray."""
    form = AssignForm(data)
    _label(form, site_code=_("Site code"))
    return form


def new_ticket_form(
    categories: dict[str, str], data: Any = None, made_of: type[NewTicketForm] = NewTicketForm, waybill: str = ""
) -> NewTicketForm:
    """The form for telephone and other channels, with the waybill filled in that the clerk came from."""
    first = {"channel": "telephone", "complainant_kind": "consignee", "waybill": waybill}
    form = made_of(data, data=None if data else first)
    channels = {code: label for code, label in words.channels().items() if code != "platform"}
    _choices(form.category, categories, _("Category"))
    _choices(form.channel, channels, _("Channel"))
    _choices(form.complainant_kind, words.complainants(), _("Complainant"))
    _label(form, waybill=_("Waybill"), name=_("Name"), phone=_("Phone"), address=_("Address"), text=_("What happened"))
    for role in OTHERS:
        labels = {"name": _("Name"), "phone": _("Phone"), "address": _("Address")}
        _label(form, **{f"{role}_{part}": label for part, label in labels.items()})
    return form


def instant(field: Field) -> datetime | None:
    """The field's wall time in Shanghai as UTC; None when it is empty or unreadable."""
    value = field.data
    if not isinstance(value, datetime) or not 2000 <= value.year <= 2100:  # a slip of the hand, or worse
        return None
    return value.replace(tzinfo=SHANGHAI).astimezone(UTC)


def mark(form: Form, errors: Mapping[str, str], values: Mapping[str, object] | None = None) -> None:
    """Put error codes beside their fields in words; `values` are what the sentences name."""
    table = words.errors() | picture_words.refusals() | words_duty.errors()
    for name, code in errors.items():
        if name in form:
            form[name].errors = [words.filled(words.word(table, _asked(form[name], code)), values or {})]


def refused(form: Form, error: Invalid | Stale) -> int:
    """Say on the form why it was not taken, a key that was used before beside the text; the status of the answer."""
    mark(form, error.fields if isinstance(error, Invalid) else {"text": "sent_already"})
    return 422 if isinstance(error, Invalid) else 409


def page_key(status: int) -> str:
    """The one-time key of a page: the form's own, until one that was used before is refused."""
    sent = "" if status == 409 else request.form.get("submission_key", "")[:64]
    return sent or secrets.token_urlsafe(24)


def _asked(field: Field, code: str) -> str:
    """What is missing is chosen in a list, ticked in a box, and else filled in."""
    if code != "required":
        return code
    return "choose" if isinstance(field, SelectField) else "tick" if isinstance(field, BooleanField) else code


def _choices(field: Any, table: dict[str, str], label: str) -> None:
    field.choices = [("", _("Please choose")), *table.items()]
    field.label.text = label
    field.validate_choice = False


def _label(form: Form, **labels: str) -> None:
    for name, label in labels.items():
        form[name].label.text = label


choices, label = _choices, _label  # for the forms that stand in files of their own
