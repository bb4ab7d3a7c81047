"""The result form of a ticket: a complaint's asks for findings and a promise, an inquiry's for words alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.domain.kinds import VERIFIED
from app.services.ticket_view import Answerable, View
from app.web import answer_groups, forms
from app.web.answer_groups import AnswerGroup

OF_COMPLAINTS = (
    "finding_signed_by", "finding_courier", "no_contact_code", "action_taken", "promise_what", "promise_due_at",
    "promise_who", "promise_text",
)  # fmt: skip


def of(view: View | Answerable, data: Any = None) -> tuple[Any, Sequence[AnswerGroup]]:
    """The form for this ticket, and the groups of platform orders that it asks."""
    form, groups = forms.result_form(answer_groups.of(view), data)
    spared = () if view.ticket.kind in VERIFIED else OF_COMPLAINTS
    if view.ticket.reporter_id is not None:
        spared = (*spared, "contact_outcome")
        forms.label(form, text=forms.answer_label())
    for name in spared:
        if name in form:
            del form[name]
    return form, groups


def said(form: Any, name: str) -> str:
    """What a field says; nothing where this ticket's form does not ask."""
    return (form[name].data or "") if name in form else ""
