"""The sheets of ownership: hand over, give back."""

from __future__ import annotations

from typing import Any

from flask import request
from wtforms import Form, SelectField, TextAreaField

from app.domain.roles import Actor
from app.extensions import db
from app.services import ownership
from app.services.ticket_view import View
from app.web import sheets
from app.web.context import translate as _


class HandOverForm(Form):
    """A colleague and a note for them."""

    colleague = SelectField(validate_choice=False)
    text = TextAreaField()


class GiveBackForm(Form):
    """A note for whoever takes it next."""

    text = TextAreaField()


def hand_over_form(colleagues: list[tuple[int, str]], data: Any = None) -> HandOverForm:
    """The form with the colleagues to choose from."""
    form = HandOverForm(data)
    form.colleague.choices = [("", _("Please choose")), *((str(user_id), name) for user_id, name in colleagues)]
    form.colleague.label.text, form.text.label.text = _("Colleague"), _("What the colleague has to know")
    return form


def give_back_form(data: Any = None) -> GiveBackForm:
    """The form with its optional note."""
    form = GiveBackForm(data)
    form.text.label.text = _("Note for the team (may be empty)")
    return form


def _hand_over(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    form = bound or hand_over_form(_colleagues(view, actor))
    intro = _("The clocks run on. Only a colleague who is on duty and signed in can take over.")
    return sheets.sheet(_("Hand over"), "ownership.hand_over", view, form, _("Hand over"), intro=intro)


def _colleagues(view: View, actor: Actor) -> list[tuple[int, str]]:
    """Asked for only while the sheet is open: the menu needs no more than its label."""
    if request.args.get("sheet") != "hand_over":
        return []
    return ownership.colleagues(db.session(), view.ticket, actor)


def _give_back(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("Nobody owns the ticket then; every colleague can take it. The clocks run on.")
    form = bound or give_back_form()
    return sheets.sheet(_("Give back to the team"), "ownership.give_back", view, form, _("Give back"), intro=intro)


SHEETS: dict[str, sheets.Builder] = {"hand_over": _hand_over, "give_back": _give_back}
