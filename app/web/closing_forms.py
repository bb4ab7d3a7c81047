"""The sheets of a complaint's end: told, accepted, rejected, withdrawn, closed by a superior; and linked waybills."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g
from wtforms import Form, MultipleFileField, SelectField, StringField, TextAreaField

from app.domain import endings
from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import attachments, sheets, words, words_closing
from app.web.context import translate as _


class ToldForm(Form):
    """Who was reached, and what was said."""

    contact_outcome = SelectField(validate_choice=False)
    text = TextAreaField()


class SaidForm(Form):
    """What the complainant said on the telephone."""

    text = TextAreaField()


class InterveneForm(Form):
    """Why a superior closes in the site's place."""

    root_cause = SelectField(validate_choice=False)
    text = TextAreaField()


class WithdrawForm(Form):
    """Why the complaint is withdrawn, with its proof."""

    reason = SelectField(validate_choice=False)
    text = TextAreaField()
    file = MultipleFileField()


class LinkForm(Form):
    """Another number of the same parcel."""

    waybill = StringField()
    kind = SelectField(validate_choice=False)


def told_form(data: Any = None) -> ToldForm:
    """The form of a call on which the complainant was told."""
    form = ToldForm(data)
    _choices(form.contact_outcome, words_closing.told(), _("Who was reached"))
    form.text.label.text = _("What was said")
    return form


def said_form(data: Any = None) -> SaidForm:
    """The form of the complainant's verdict on the telephone."""
    form = SaidForm(data)
    form.text.label.text = _("What the complainant said")
    return form


def intervene_form(data: Any = None) -> InterveneForm:
    """The form of a superior's closing."""
    form = InterveneForm(data)
    _choices(form.root_cause, words.root_causes(), _("Root cause"))
    form.text.label.text = _("What was found, and why the site did not close")
    return form


def withdraw_form(data: Any = None) -> WithdrawForm:
    """The form of a withdrawal."""
    form = WithdrawForm(data)
    _choices(form.reason, words_closing.withdrawals(), _("Reason"))
    form.text.label.text = _("Who withdrew it, when and in which words")
    form.file.label.text = _("Proof")
    return form


def link_form(data: Any = None) -> LinkForm:
    """The form of a linked waybill."""
    form = LinkForm(data)
    form.waybill.label.text = _("The parcel's other waybill")
    _choices(form.kind, words_closing.links(), _("What made it"))
    return form


def _choices(field: Any, table: dict[str, str], label: str) -> None:
    field.choices = [("", _("Please choose")), *table.items()]
    field.label.text = label


def _told(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("From this call on the complainant has time to object, unless that time is running already.")
    return sheets.sheet(_("Complainant was told"), "closing.told", view, bound or told_form(), _("Save"), intro=intro)


def _accepts(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("Said on the telephone. The ticket can then be closed.")
    label = _("Complainant accepts")
    return sheets.sheet(label, "closing.customer_accepts", view, bound or said_form(), _("Save"), intro=intro)


def _rejects(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("Said on the telephone. Goes to headquarters as an appeal, also after the closing.")
    label = _("Complainant rejects")
    return sheets.sheet(
        label, "closing.customer_rejects", view, bound or said_form(), _("Pass on to headquarters"), intro=intro
    )


def intervention_from(view: View) -> datetime | None:
    """From when on a superior may close the ticket in its site's place; None while the time to close has not begun."""
    running = (c.due_at for c in view.clocks if c.kind == "close" and c.stopped_at is None and c.state != "void")
    due = next(running, None)
    return endings.intervention_from(due) if due else None


def _intervene(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("Closes the ticket in the site's place; the site pays the intervention fee.")
    at = intervention_from(view)
    if at is None:
        when = _("Not possible yet: the time to close has not begun.")
    else:
        when = _("Possible from %(at)s.", at=g.fmt.full(at))
    label, form = _("Close as superior"), bound or intervene_form()
    return sheets.sheet(label, "closing.intervene", view, form, label, intro=f"{intro} {when}", danger=True)


def _withdraw(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    label, form = _("Withdraw the complaint"), bound or withdraw_form()
    if any(order.verdict != "cancelled" for order, _connection in view.orders):
        why = words_closing.errors()["platform_must_cancel"]
        return sheets.sheet(label, "closing.withdraw", view, None, "", intro=why)
    intro = _("Needs proof: a screenshot of the recording or of the message. Withdrawals are sampled for audit.")
    return sheets.sheet(
        label, "closing.withdraw", view, form, label, intro=intro, danger=True,
        tray=attachments.tray(view, "withdraw"),
    )  # fmt: skip


def _link(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("A complaint on either number then belongs to the same ticket, and the trace shows both.")
    return sheets.sheet(
        _("Link another waybill"), "closing.link_waybill", view, bound or link_form(), _("Link"), intro=intro
    )


SHEETS = {
    "told": _told, "customer_accepts": _accepts, "customer_rejects": _rejects, "withdraw": _withdraw,
    "link_waybill": _link, "intervene": _intervene,
}  # fmt: skip
