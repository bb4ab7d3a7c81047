"""The form of the waybill look-up."""

from __future__ import annotations

from typing import Any

from wtforms import Form, TextAreaField

from app.domain.errors import Invalid
from app.domain.waybills import MOST_PASTED, Pasted, pasted
from app.web import forms
from app.web.context import translate as _


class LookupForm(Form):
    """Whatever was copied, with the numbers in it."""

    numbers = TextAreaField()


def lookup_form(data: Any = None) -> LookupForm:
    """The form, with its label in the reader's language."""
    form = LookupForm(data)
    forms.label(form, numbers=_("Waybills, up to 20"))
    return form


def read(form: LookupForm) -> Pasted:
    """The numbers in the form; what is wrong with it stands beside the field afterwards."""
    try:
        found = pasted(form.numbers.data or "")
    except Invalid as error:
        forms.mark(form, error.fields)
        return Pasted()
    errors = []
    if found.invalid:
        errors.append(_("No waybill (8 to 20 letters and digits): %(words)s", words=" · ".join(found.invalid)))
    if found.beyond:
        errors.append(_("Only %(n)s at once; left out: %(words)s", n=MOST_PASTED, words=" · ".join(found.beyond)))
    if not (found.numbers or errors):
        errors.append(_("Please fill in"))
    form.numbers.errors = errors
    return found
