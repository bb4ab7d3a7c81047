"""The forms of the ledger: contesting, deciding, entering by hand, a new version of a rule."""

from __future__ import annotations

import re
from typing import Any

from wtforms import (
    DateTimeLocalField,
    Form,
    MultipleFileField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    widgets,
)

from app.domain.penalty_rules import BY_HAND, TICKET, PenaltyRule, absorbable
from app.domain.penalty_rules import bearers as bearers_of
from app.web import words_penalties
from app.web.context import translate as _
from app.web.forms import TIME_FORMATS

OUTSIDE = "none"  # of the cap, as a word of the form
_YUAN = re.compile(r"(\d{1,7})(?:\.(\d{1,2}))?")


class ContestForm(Form):
    """Why an entry is contested."""

    reason = SelectField(validate_choice=False)
    text = TextAreaField(render_kw={"maxlength": "2000"})
    file = MultipleFileField()


class HandForm(Form):
    """A fact that no event tells of."""

    rule = SelectField(validate_choice=False)
    ticket = StringField(render_kw={"maxlength": "24"})
    organisation = StringField(render_kw={"maxlength": "32"})
    base = StringField(render_kw={"inputmode": "decimal", "maxlength": "12"})
    clerk = StringField(render_kw={"maxlength": "64"})
    text = TextAreaField(render_kw={"maxlength": "2000"})
    file = MultipleFileField()


class RuleForm(Form):
    """A drafted version."""

    amount = StringField(render_kw={"inputmode": "decimal", "maxlength": "12"})
    numerator = StringField(render_kw={"inputmode": "numeric", "maxlength": "5"})
    denominator = StringField(render_kw={"inputmode": "numeric", "maxlength": "5"})
    points = StringField(render_kw={"inputmode": "numeric", "maxlength": "3"})
    liable = SelectField(validate_choice=False)
    cap_group = SelectField(validate_choice=False)
    absorbs = SelectMultipleField(
        validate_choice=False, option_widget=widgets.CheckboxInput(), widget=widgets.ListWidget(prefix_label=False)
    )
    effective_from = DateTimeLocalField(format=TIME_FORMATS)
    note = StringField(render_kw={"maxlength": "200"})


def contest_form(data: Any = None) -> ContestForm:
    """Reason and statement."""
    form = ContestForm(data)
    form.reason.choices = [("", _("Please choose")), *words_penalties.contest_reasons().items()]
    form.reason.label.text, form.text.label.text = _("Reason"), _("What really happened")
    return form


def hand_form(data: Any = None) -> HandForm:
    """A fact by hand."""
    form, names = HandForm(data), words_penalties.rules()
    form.rule.choices = [("", _("Please choose")), *((code, names[code]) for code in BY_HAND)]
    form.rule.label.text, form.ticket.label.text = _("Rule"), _("Ticket number")
    form.organisation.label.text = _("Code of the liable organisation")
    form.base.label.text = _("Amount of the loss or cost in yuan (not for slips)")
    form.clerk.label.text = _("Account of the slip clerk (for slips, if there is one)")
    form.text.label.text = _("What happened, and what proves it")
    return form


def rule_form(newest: PenaltyRule, data: Any = None) -> RuleForm:
    """A new version of a rule."""
    form, names, bearers = RuleForm(data), words_penalties.rules(), words_penalties.liable()
    form.liable.choices = [(one, bearers[one]) for one in bearers_of(newest)]
    form.cap_group.choices = [(TICKET, _("within the cap of a ticket")), (OUTSIDE, _("outside the cap"))]
    form.absorbs.choices = [(code, names[code]) for code in absorbable(newest.code)]
    form.liable.label.text, form.cap_group.label.text = _("Borne by"), _("Cap of the ticket")
    form.absorbs.label.text = _("Stands for these entries of the same clock")
    form.amount.label.text, form.points.label.text = _("Amount in yuan"), _("Points of the manager")
    form.numerator.label.text, form.denominator.label.text = _("Rate: numerator"), _("Rate: denominator")
    form.effective_from.label.text = _("In force from (Shanghai)")
    form.note.label.text = _("Note: why")
    return form


def fen_of(typed: str | None) -> int | None:
    """Yuan as typed in fen, exactly; None for what is no amount, 0 for nothing."""
    text = (typed or "").strip().replace(",", "")
    found = _YUAN.fullmatch(text)
    if found is None:
        return None if text else 0
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
