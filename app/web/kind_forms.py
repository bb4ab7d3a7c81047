"""The forms of expedites and inquiries: the reply that closes, the complaint made of it, accepting and sending back."""

from __future__ import annotations

from typing import Any

from flask import url_for
from wtforms import Form, MultipleFileField, SelectField, TextAreaField

from app.domain.kinds import COMPLAINT, PROBLEM
from app.domain.roles import Actor
from app.extensions import db
from app.services import expedites
from app.services.ticket_view import View
from app.web import closing_forms, forms, queue_page, sheets, words, words_kinds
from app.web.context import translate as _


class SettleForm(Form):
    """What was found, and what whoever asked is told."""

    outcome = SelectField(validate_choice=False)
    contact_outcome = SelectField(validate_choice=False)
    text = TextAreaField()
    file = MultipleFileField()


class TurnForm(Form):
    """The category of the complaint that an expedite becomes, and what happened."""

    category = SelectField(validate_choice=False)
    text = TextAreaField()


class WordsForm(Form):
    """A few words with a step."""

    text = TextAreaField()


def settle_form(category: str, data: Any = None) -> SettleForm:
    """The form of a reply to an expedite of this category."""
    form, known = SettleForm(data), words_kinds.expedite_outcomes()
    forms.choices(form.outcome, {code: known[code] for code in expedites.outcomes_of(category)}, _("Found"))
    forms.choices(form.contact_outcome, words.contacts(), _("Contact with customer"))
    form.contact_outcome.choices[0] = ("", "—")
    forms.label(form, text=_("Reply"))
    return form


def turn_form(data: Any = None) -> TurnForm:
    """The form that makes a complaint of an expedite."""
    form = TurnForm(data)
    forms.choices(form.category, queue_page.category_labels(db.session(), COMPLAINT), _("Category"))
    forms.label(form, text=_("What happened"))
    return form


def words_form(label: str, data: Any = None) -> WordsForm:
    """A form of one text."""
    form = WordsForm(data)
    forms.label(form, text=label)
    return form


def settle_box(view: View, bound: dict[str, Any]) -> dict[str, Any]:
    """The tab in which an expedite is answered and closed."""
    form = bound.get("settle") or settle_form(view.ticket.category)
    return {
        "key": "settle", "label": _("Reply and close"), "form": form, "submit_label": _("Reply and close"),
        "action": url_for("kinds.settle", number=view.ticket.number), "hint": _("Answers and closes in one step"),
    }  # fmt: skip


def _turn(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("The expedite is closed and its history stands in the complaint, which is urgent from the beginning.")
    return sheets.sheet(
        _("Make a complaint of it"), "kinds.to_complaint", view, bound or turn_form(), _("Open the complaint"),
        intro=intro,
    )  # fmt: skip


def _accept(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    form, label = bound or words_form(_("Remark")), _("Accept the answer")
    return sheets.sheet(label, "kinds.accept", view, form, label, intro=_("The ticket is closed with it."))


def _send_back(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    form, label = bound or words_form(_("What is still open")), _("Send the answer back")
    return sheets.sheet(label, "kinds.send_back", view, form, label)


def _recall(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    reported = view.ticket.kind == PROBLEM
    label = _("Take the report back") if reported else _("Take the question back")
    intro = _("Before there is an answer. The ticket ends, and nobody has to answer it.")
    return sheets.sheet(label, "kinds.recall", view, bound or words_form(_("Reason")), label, intro=intro, danger=True)


def _pass_up(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    form, label = bound or words_form(_("Note for headquarters")), _("Hand up to headquarters")
    return sheets.sheet(label, "kinds.pass_up", view, form, label)


def _unhappy(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("Said on the telephone. The answer is given once more.")
    label, form = _("Customer is not content"), bound or closing_forms.said_form()
    return sheets.sheet(label, "closing.customer_rejects", view, form, _("Save"), intro=intro)


SHEETS = {
    "to_complaint": _turn, "accept_answer": _accept, "return_answer": _send_back, "pass_up": _pass_up,
    "customer_unhappy": _unhappy, "recall_report": _recall,
}  # fmt: skip
