"""The sheets of returns: return a ticket as not one's own, rule on a return."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, Form, MultipleFileField, RadioField, SelectField, StringField, TextAreaField

from app.domain.roles import Actor
from app.domain.routing import street_of
from app.services.ticket_view import View
from app.web import attachments, sheets, words_transfers
from app.web.context import translate as _

SITES = {"list": "sites"}  # the page's datalist of sites that may come into question


class ReturnForm(Form):
    """Why the ticket is not the site's own, the proof, and whose it may be."""

    reason = SelectField(validate_choice=False)
    site_code = StringField()
    text = TextAreaField()
    file = MultipleFileField()


class RulingForm(Form):
    """What becomes of a return."""

    decision = RadioField(validate_choice=False)
    site_code = StringField(render_kw=SITES)
    learn = BooleanField()
    text = TextAreaField()


def return_form(data: Any = None) -> ReturnForm:
    """The form of a return with labels in the reader's language."""
    form = ReturnForm(data)
    form.reason.choices = [("", _("Please choose")), *words_transfers.reasons().items()]
    form.reason.label.text, form.text.label.text = _("Why it is not ours"), _("Proof in words")
    form.site_code.label.text = _("Whose it may be: site code (may be empty)")
    return form


def ruling_form(view: View, data: Any = None) -> RulingForm:
    """The form of a ruling. Learning is offered where the complainant's address names a street."""
    form = RulingForm(data, decision=None if data else "grant", site_code="" if data else _proposed(view))
    form.decision.choices = list(words_transfers.decisions().items())
    form.decision.label.text, form.text.label.text = _("Ruling"), _("Reasons (required unless granted)")
    form.site_code.label.text = _("The site that takes it: code")
    street = street_of(view.person.address) if view.person else ""
    form.learn.label.text = _("Learn this address: %(street)s… goes to that site", street=street)
    if not street:
        del form.learn
    return form


def _proposed(view: View) -> str:
    """The code of the site that the returning one named."""
    waiting = next((row for row in view.parts.get("returns", []) if row.transfer.state == "open"), None)
    return waiting.to_site.code if waiting and waiting.to_site else ""


def _return(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("The clocks run on until another site has it; a wrong return is charged.")
    form, tray = bound or return_form(), attachments.tray(view, "return")
    label = _("Not ours: return it")
    return sheets.sheet(label, "transfers.give_up", view, form, _("Return it"), intro=intro, danger=True, tray=tray)


def _rule(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("Granted: the losing site's clocks are void and the new site gets fresh ones. The platform's time stays.")
    form = bound or ruling_form(view)
    return sheets.sheet(_("Rule on the return"), "transfers.rule", view, form, _("Give the ruling"), intro=intro)


SHEETS: dict[str, sheets.Builder] = {"return": _return, "transfer": _rule}
