"""The forms of incidents, and their chip on a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from wtforms import DateTimeLocalField, Form, SelectField, StringField, TextAreaField

from app.domain.answers import Answer
from app.domain.exemptions import KINDS
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services.outward import Group
from app.services.ticket_view import View
from app.web import forms, words, words_clocks, words_exempt, words_incident
from app.web.answer_groups import AnswerGroup
from app.web.context import translate as _
from app.web.forms import TIME_FORMATS
from app.web.name_field import NameField


class OpenForm(Form):
    """A new incident."""

    title = NameField(render_kw={"maxlength": "80"})
    kind = SelectField(validate_choice=False)
    province = SelectField(validate_choice=False)
    text = TextAreaField()


class WordsForm(Form):
    """Ticket numbers and waybills, pasted."""

    words = TextAreaField()


class MatchingForm(Form):
    """Open tickets by site, category and time of opening."""

    site_code = StringField()
    category = SelectField(validate_choice=False)
    from_at = DateTimeLocalField(format=TIME_FORMATS)
    until_at = DateTimeLocalField(format=TIME_FORMATS)


class ExemptionForm(Form):
    """One request for the clocks of all its tickets."""

    reason = SelectField(validate_choice=False)
    kind = SelectField(validate_choice=False)
    facts = StringField(render_kw={"maxlength": "200"})
    text = TextAreaField()


def open_form(places: list[tuple[str, str]], data: Any = None) -> OpenForm:
    """The form of a new incident; an empty province means several."""
    form = OpenForm(data)
    _choices(form.kind, words_incident.kinds(), _("Kind"))
    form.province.choices, form.province.label.text = places, _("Area")
    form.title.label.text, form.text.label.text = _("Title of the incident"), _("More about it (no personal data)")
    return form


def words_form(data: Any = None) -> WordsForm:
    """The box for pasted numbers."""
    form = WordsForm(data)
    form.words.label.text = _("Ticket numbers or waybills, separated by spaces, commas or lines")
    return form


def matching_form(categories: dict[str, str], data: Any = None) -> MatchingForm:
    """The filter."""
    form = MatchingForm(data)
    form.category.choices = [("", _("All")), *categories.items()]
    labels = {
        "site_code": _("Site code"), "category": _("Category"), "from_at": _("Opened from"), "until_at": _("Until"),
    }  # fmt: skip
    for name, label in labels.items():
        form[name].label.text = label
    return form


def reply_form(answers: list[Answer], data: Any = None) -> tuple[Form, Sequence[AnswerGroup]]:
    """The result's own form without what belongs to one ticket alone, and what it asks of the platforms' answers."""
    groups = [AnswerGroup(Group("", tuple(answers), ()), "")] if answers else []
    form, asked = forms.result_form(groups, data)
    kept = {"answer", "action_taken", "text"}
    for name in [field.name for field in form if field.name not in kept and not field.name.startswith("supplement-")]:
        del form[name]
    form.text.label.text = _("Reply to the customers")
    return form, asked


def exemption_form(data: Any = None) -> ExemptionForm:
    """The request for all its tickets."""
    form = ExemptionForm(data)
    _choices(form.reason, words_exempt.reasons_for_many(), _("Reason"))
    form.kind.choices = [("", _("All assessed clocks")), *((kind, words_clocks.clock(kind, 1)) for kind in KINDS)]
    form.kind.label.text = _("Clock that should not be assessed")
    form.facts.label.text = _("For a system fault: which system, from when to when")
    form.text.label.text = _("What happened, and where the proof is kept")
    return form


def _choices(field: Any, table: dict[str, str], label: str) -> None:
    field.choices, field.label.text = [("", _("Please choose")), *table.items()], label


def panel(view: View, actor: Actor, now: Any) -> dict[str, Any] | None:
    """The incident in the side of the ticket."""
    row = view.parts.get("incident")
    if row is None:
        return None
    return {
        "template": "_panel_incident.html", "number": row.number, "title": mask_text(row.title),
        "text": mask_text(row.text),
        "kind": words.word(words_incident.kinds(), row.kind), "closed": row.closed_at is not None,
        "href": url_for("incidents.show", incident=row.number) if actor.can("incidents") else "",
    }  # fmt: skip
