"""The form of an SMS to the courier: whom, which approved text, and its values."""

from __future__ import annotations

from typing import Any

from wtforms import DateTimeLocalField, Form, SelectField, StringField

from app.domain.masking import mask_phone, mask_text
from app.services.courier_sms import PROMISE
from app.services.scans import DELIVER
from app.services.ticket_view import View
from app.web import forms, words_duty
from app.web.context import translate as _
from app.web.name_field import NameField


class CourierForm(Form):
    """Somebody of the site's list, or name and number; what is to be done and by when."""

    courier_id = SelectField(validate_choice=False)
    name = NameField()
    phone = StringField(render_kw={"inputmode": "tel"})
    template = SelectField(validate_choice=False)
    request = SelectField(validate_choice=False)
    due_at = DateTimeLocalField(format=forms.TIME_FORMATS)


def courier_form(view: View, data: Any = None) -> CourierForm:
    """The form with the courier of the last delivery scan filled in, or with what was typed."""
    form = CourierForm(data, data=None if data else _start(view))
    listed = {str(row.id): f"{mask_text(row.name)} {mask_phone(row.phone)}" for row in view.couriers}
    form.courier_id.choices = [("", _("Somebody else")), *listed.items()]
    texts = words_duty.templates()
    form.template.choices = [pair for pair in texts.items() if view.ticket.open_promises or pair[0] != PROMISE]
    form.request.choices = [("", _("Please choose")), *words_duty.requests().items()]
    labels = {
        "courier_id": _("From the site's list"), "name": _("Courier"),
        "phone": _("Mobile number, if not from the list"), "template": _("Text"), "request": _("To be done"),
        "due_at": _("To be done by"),
    }  # fmt: skip
    for field in form:
        field.label.text = labels[field.name]
    if not listed:
        del form.courier_id
    return form


def chosen(form: CourierForm) -> int | None:
    """Who was chosen from the list; a number that was typed goes before it."""
    text = form.courier_id.data or "" if "courier_id" in form else ""
    listed = text.isascii() and text.isdecimal() and len(text) < 19 and not (form.phone.data or "").strip()
    return int(text) if listed else None


def _start(view: View) -> dict[str, str]:
    """The courier of the last delivery; where the list has that name, its entry is chosen."""
    name = next((scan.courier for scan in view.trace if scan.scan_type == DELIVER and scan.courier), "")
    known = next((str(row.id) for row in view.couriers if row.name == name), "")
    promised = bool(view.ticket.open_promises)
    return {
        "name": mask_text(name),
        "courier_id": known,
        "template": "courier_promise" if promised else "courier_delivery",
    }
