"""The forms in which tickets are opened by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import DateTimeLocalField, Form, SelectField, StringField, TextAreaField

from app.domain.kinds import COMPLAINT, EXPEDITE, INQUIRY
from app.web import forms
from app.web.context import translate as _
from app.web.forms import TIME_FORMATS, NewTicketForm

LOOKS_UP = {"hx-get": "/waybills/parcel", "hx-trigger": "change", "hx-target": "#parcel", "hx-swap": "innerHTML"}


class NewExpediteForm(NewTicketForm):
    """An expedite entered by hand: beside the rest, what is known of the parcel's promise."""

    promised_by = DateTimeLocalField(format=TIME_FORMATS)
    ordered_at = DateTimeLocalField(format=TIME_FORMATS)


class NewInquiryForm(NewTicketForm):
    """What a customer asks, suggests or praises: beside the rest, the site that it is meant for."""

    site = StringField()


class AskForm(Form):
    """A question to the province or to headquarters."""

    to = SelectField(validate_choice=False)
    waybill = StringField()
    text = TextAreaField()


_MADE_OF: dict[str, type[NewTicketForm]] = {EXPEDITE: NewExpediteForm, INQUIRY: NewInquiryForm}


def new_ticket_form(kind: str, categories: dict[str, str], data: Any = None, waybill: str = "") -> NewTicketForm:
    """The form of a ticket of this kind, with the waybill filled in that the clerk came from."""
    form = forms.new_ticket_form(categories, data, _MADE_OF.get(kind, NewTicketForm), waybill)
    form.waybill.render_kw = {**(form.waybill.render_kw or {}), **LOOKS_UP}
    if kind != COMPLAINT:
        forms.label(form, complainant_kind=_("Who asks"))
    if isinstance(form, NewInquiryForm):
        forms.label(form, site=_("Site it is meant for (code or name), if one"), text=_("What the customer says"))
    if isinstance(form, NewExpediteForm):
        forms.choices(form.category, categories, _("Type"))
        forms.label(
            form, waybill=_("Waybill or order number"), promised_by=_("Promised by, if known"),
            ordered_at=_("Ordered at, if known"), text=_("What the customer asks"),
        )  # fmt: skip
    return form


def ask_form(desks: Sequence[str], data: Any = None) -> AskForm:
    """The form of one's own question."""
    form = AskForm(data, data=None if data else {"to": desks[0]})
    known = {"lcs": _("Service desk of the province"), "ccs": _("Headquarters")}
    forms.choices(form.to, {code: known[code] for code in desks}, _("Whom"))
    forms.label(form, waybill=_("Waybill, if it is about one"), text=_("Question"))
    return form
